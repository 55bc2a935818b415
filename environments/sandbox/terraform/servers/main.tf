# The servers of one color. The same module serves blue and green: each has its own state, data directory and
# variables. terraform_data stands where a cloud's instances would: replaced when the image changes, created and
# destroyed through servers.py.

terraform {
  required_version = ">= 1.4"
  backend "local" {}
}

locals {
  sandbox = jsondecode(file("${var.sandbox}/sandbox.json"))
  layout  = jsondecode(file("${path.module}/../../layout.json"))

  # group -> name -> what is known of the server; every value is a string, fit for URLs and for Ansible.
  servers = {
    for group, servers in local.layout.servers : group => {
      for server in servers : "${var.color}-${server.name}" => merge(
        {
          name    = "${var.color}-${server.name}"
          address = "${local.layout.networks[var.color]}.${server.host}"
          server  = "${var.sandbox}/servers/${var.color}-${server.name}"
          color   = var.color
          sandbox = var.sandbox
          python  = local.sandbox.python
          rz      = local.sandbox.rz
          ports   = "${local.sandbox.basePort + 20}-${local.sandbox.basePort + 99}"
        },
        server.facts,
        { for name, offset in server.ports : name => tostring(local.sandbox.basePort + offset) },
      )
    }
  }

  # terraform_data does not look at what it stands for. What servers.py wrote down tells a server that was lost from one
  # that was destroyed: a lost one is made again, as another one of its image.
  made = {
    for file in fileset("${var.sandbox}/made", "*.json") :
    trimsuffix(file, ".json") => jsondecode(file("${var.sandbox}/made/${file}"))
  }
  times = {
    for name in flatten([for group, servers in local.servers : keys(servers)]) :
    name => try(local.made[name].times, 1) + (
      try(local.made[name].stands, false) && !fileexists("${var.sandbox}/servers/${name}/server.json") ? 1 : 0
    )
  }
  image = { for name, times in local.times : name => times == 1 ? var.image : "${var.image} #${times}" }
}

resource "terraform_data" "agent" {
  for_each         = local.servers.agent
  input            = each.value
  triggers_replace = local.image[each.key]

  provisioner "local-exec" {
    interpreter = [self.input.python, "../../servers.py", "create"]
    command     = jsonencode(merge(self.input, { group = "agent", image = split(" ", self.triggers_replace)[0] }))
  }
  provisioner "local-exec" {
    when        = destroy
    interpreter = [self.input.python, "../../servers.py", "destroy"]
    command     = self.input.server
  }
}

resource "terraform_data" "database" {
  for_each         = local.servers.database
  input            = each.value
  triggers_replace = local.image[each.key]

  provisioner "local-exec" {
    interpreter = [self.input.python, "../../servers.py", "create"]
    command     = jsonencode(merge(self.input, { group = "database", image = split(" ", self.triggers_replace)[0] }))
  }
  provisioner "local-exec" {
    when        = destroy
    interpreter = [self.input.python, "../../servers.py", "destroy"]
    command     = self.input.server
  }
}

# Last to come and first to go: a scheduler that outlived its agents would launch their tasks again.
resource "terraform_data" "control" {
  for_each         = local.servers.control
  input            = each.value
  triggers_replace = local.image[each.key]
  depends_on       = [terraform_data.agent, terraform_data.database]

  provisioner "local-exec" {
    interpreter = [self.input.python, "../../servers.py", "create"]
    command     = jsonencode(merge(self.input, { group = "control", image = split(" ", self.triggers_replace)[0] }))
  }
  provisioner "local-exec" {
    when        = destroy
    interpreter = [self.input.python, "../../servers.py", "destroy"]
    command     = self.input.server
  }
}
