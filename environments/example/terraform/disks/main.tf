# The data disks. They belong to neither color, have a state of their own, and outlive every server.

terraform {
  required_version = ">= 1.4"
  backend "local" {}
}

variable "region" {
  description = "Where the disks are; the servers that attach them must be there too."
  type        = string
}

# A stand-in for the provider's disk, for example an aws_ebs_volume.
resource "terraform_data" "disk" {
  for_each = toset(["db-data-0"])
  input    = { name = each.key, region = var.region, gigabytes = "100" }

  lifecycle {
    prevent_destroy = true
  }
}

output "disks" {
  description = "Disk name -> what is known of it."
  value       = { for name, disk in terraform_data.disk : name => disk.output }
}
