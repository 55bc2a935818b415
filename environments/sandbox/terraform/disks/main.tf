# The data disks belong to neither color: a state of their own, and nothing in a run may destroy them.

terraform {
  required_version = ">= 1.4"
  backend "local" {}
}

variable "sandbox" {
  description = "Absolute path of the sandbox's folder, the one that holds sandbox.json."
  type        = string
}

locals {
  sandbox = jsondecode(file("${var.sandbox}/sandbox.json"))
  layout  = jsondecode(file("${path.module}/../../layout.json"))
}

resource "terraform_data" "disk" {
  for_each = toset(local.layout.disks)
  input    = "${var.sandbox}/disks/${each.key}"

  lifecycle {
    prevent_destroy = true
  }

  provisioner "local-exec" {
    interpreter = [local.sandbox.python, "../../servers.py", "disk"]
    command     = self.input
  }
}

output "disks" {
  description = "Disk name -> folder."
  value       = { for name, disk in terraform_data.disk : name => disk.output }
}
