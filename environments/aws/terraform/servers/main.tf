# The servers of one color. rz initialises it once per color, with a state of its own, and reads the output `inventory`.
# All that it makes has the tag `color`: after a crash in the middle of an apply the tag is what finds it again.

terraform {
  required_version = ">= 1.4"
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
  backend "local" {}
}

variable "region" {
  description = "Where the servers stand."
  type        = string
}

variable "zone" {
  description = "The availability zone of the data volumes, and so of the servers that attach them."
  type        = string
}

variable "color" {
  description = "Which color these servers are: blue or green."
  type        = string
}

variable "image" {
  description = "The AMI that they are made from; another one replaces every server."
  type        = string
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { environment = "shop", managed-by = "rz", color = var.color }
  }
}

data "aws_subnet" "shop" {
  tags = { Name = "shop-${var.zone}" }
}

data "aws_security_group" "servers" {
  vpc_id = data.aws_subnet.shop.vpc_id
  name   = "shop-servers"
}

data "aws_lb_target_group" "shop" { name = "shop-${var.color}" }

locals {
  groups = {
    control  = { count = 1, type = "m7i.large" }
    agent    = { count = 2, type = "m7i.xlarge" }
    database = { count = 1, type = "r7i.large" }
  }
  servers = merge([
    for group, server in local.groups : {
      for number in range(server.count) :
      "${var.color}-${group}-${number + 1}" => { group = group, type = server.type }
    }
  ]...)
}

resource "aws_instance" "server" {
  for_each               = local.servers
  ami                    = var.image
  instance_type          = each.value.type
  subnet_id              = data.aws_subnet.shop.id
  vpc_security_group_ids = [data.aws_security_group.servers.id]
  tags                   = { Name = each.key, group = each.value.group }

  metadata_options { http_tokens = "required" }
  root_block_device {
    encrypted   = true
    volume_size = 20
  }
}

# Agents take requests; what a color's target group gets of them is the weight that rz gives it.
resource "aws_lb_target_group_attachment" "agent" {
  for_each         = { for name, server in local.servers : name => server if server.group == "agent" }
  target_group_arn = data.aws_lb_target_group.shop.arn
  target_id        = aws_instance.server[each.key].id
  port             = 31001
}

output "inventory" {
  description = "Group -> hosts with their names, addresses and ids."
  value = {
    for group in keys(local.groups) : group => [
      for name, server in local.servers : {
        name    = name
        address = aws_instance.server[name].private_ip
        id      = aws_instance.server[name].id
        zone    = var.zone
      } if server.group == group
    ]
  }
}
