# The servers of one color, in the groups that the playbook expects. ../../../example/terraform says more.

terraform {
  required_version = ">= 1.4"
  backend "local" {}
}

variable "color" {
  description = "Which color these servers are: blue or green."
  type        = string
}

variable "image" {
  description = "The image they are made from; another one replaces every server."
  type        = string
}

locals {
  network = { blue = "10.2.1", green = "10.2.2" }[var.color]
  hosts = {
    manager   = { for n in range(1) : "${var.color}-manager-${n + 1}" => "${local.network}.${10 + n}" }
    zookeeper = { for n in range(3) : "${var.color}-zookeeper-${n + 1}" => "${local.network}.${15 + n}" }
    worker    = { for n in range(3) : "${var.color}-worker-${n + 1}" => "${local.network}.${21 + n}" }
  }
}

# A stand-in for the provider's server.
resource "terraform_data" "server" {
  for_each         = merge(values(local.hosts)...)
  input            = { name = each.key, address = each.value, color = var.color }
  triggers_replace = var.image
}

output "inventory" {
  description = "Group -> hosts with their names, addresses and variables."
  value = {
    for group, hosts in local.hosts : group => [for name in keys(hosts) : terraform_data.server[name].output]
  }
}
