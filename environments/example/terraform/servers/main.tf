# The servers of one color. rz initialises it once per color, with a state of its own, and reads the output `inventory`.

terraform {
  required_version = ">= 1.4"
  backend "local" {}

  # required_providers {
  #   aws = { source = "hashicorp/aws", version = "~> 5.0" }
  # }
}

variable "region" {
  description = "Where the servers stand."
  type        = string
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
  network = { blue = "10.1.1", green = "10.1.2" }[var.color]
  hosts = {
    control  = { for n in range(1) : "${var.color}-control-${n + 1}" => "${local.network}.${10 + n}" }
    agent    = { for n in range(3) : "${var.color}-agent-${n + 1}" => "${local.network}.${20 + n}" }
    cache    = { for n in range(1) : "${var.color}-cache-${n + 1}" => "${local.network}.${30 + n}" }
    database = { for n in range(1) : "${var.color}-database-${n + 1}" => "${local.network}.${40 + n}" }
  }
}

# A stand-in for the provider's server, for example
#
#   resource "aws_instance" "server" {
#     for_each      = merge(values(local.hosts)...)
#     ami           = var.image
#     instance_type = "m7i.large"
#     private_ip    = each.value
#     tags          = { Name = each.key, color = var.color, managed-by = "rz" }
#   }
#
# Tag whatever you create with its color: after a crash in the middle of an apply the tag is what finds it again.
resource "terraform_data" "server" {
  for_each         = merge(values(local.hosts)...)
  input            = { name = each.key, address = each.value, color = var.color, region = var.region }
  triggers_replace = var.image
}

output "inventory" {
  description = "Group -> hosts with their names, addresses and variables."
  value = {
    for group, hosts in local.hosts : group => [for name in keys(hosts) : terraform_data.server[name].output]
  }
}
