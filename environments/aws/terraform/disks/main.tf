# The data volumes. They belong to neither color, have a state of their own, and outlive every server.

terraform {
  required_version = ">= 1.4"
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
  backend "local" {}
}

variable "region" {
  description = "Where the volumes are."
  type        = string
}

variable "zone" {
  description = "The availability zone: servers that attach them must be there, too."
  type        = string
}

provider "aws" { region = var.region }

resource "aws_ebs_volume" "data" {
  for_each          = { "db-data-0" = 100 }
  availability_zone = var.zone
  size              = each.value
  type              = "gp3"
  encrypted         = true
  tags              = { Name = each.key, environment = "shop", managed-by = "rz" }

  lifecycle { prevent_destroy = true }
}

output "disks" {
  description = "Name of a volume -> its id."
  value       = { for name, volume in aws_ebs_volume.data : name => volume.id }
}
