# What both colors share: the network, and the load balancer with a target group for each color. Applied once by hand, with
# a state of its own; no run of rz touches it, but for the weights of the listener's rule.

terraform {
  required_version = ">= 1.4"
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
  backend "local" {}
}

variable "region" {
  description = "Where everything stands."
  type        = string
}

variable "zones" {
  description = "Availability zones, at least two: an Application Load Balancer wants subnets in two."
  type        = list(string)
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { environment = "shop", managed-by = "terraform" }
  }
}

resource "aws_vpc" "shop" {
  cidr_block = "10.1.0.0/16"
  tags       = { Name = "shop" }
}

resource "aws_subnet" "shop" {
  for_each          = { for number, zone in var.zones : zone => number }
  vpc_id            = aws_vpc.shop.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(aws_vpc.shop.cidr_block, 8, each.value)
  tags              = { Name = "shop-${each.key}" }
}

resource "aws_internet_gateway" "shop" {
  vpc_id = aws_vpc.shop.id
  tags   = { Name = "shop" }
}

resource "aws_security_group" "front" {
  name        = "shop-front"
  description = "Users of the shop"
  vpc_id      = aws_vpc.shop.id
  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "servers" {
  name        = "shop-servers"
  description = "Servers of both colors, and what comes from the load balancer"
  vpc_id      = aws_vpc.shop.id
  ingress {
    from_port       = 31000
    to_port         = 32000
    protocol        = "tcp"
    security_groups = [aws_security_group.front.id]
  }
  ingress {
    from_port = 0
    to_port   = 0
    protocol  = "-1"
    self      = true
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_lb" "shop" {
  name               = "shop"
  load_balancer_type = "application"
  security_groups    = [aws_security_group.front.id]
  subnets            = [for subnet in aws_subnet.shop : subnet.id]
}

resource "aws_lb_target_group" "shop" {
  for_each    = toset(["blue", "green"])
  name        = "shop-${each.key}"
  port        = 31001
  protocol    = "HTTP"
  target_type = "instance"
  vpc_id      = aws_vpc.shop.id
  # Requests that are under way when a target leaves get so long.
  deregistration_delay = 60
  health_check { path = "/health" }
}

resource "aws_lb_listener" "users" {
  load_balancer_arn = aws_lb.shop.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_rule" "shop" {
  listener_arn = aws_lb_listener.users.arn
  priority     = 1
  condition {
    path_pattern { values = ["/*"] }
  }
  action {
    type = "forward"
    forward {
      target_group {
        arn    = aws_lb_target_group.shop["blue"].arn
        weight = 100
      }
      target_group {
        arn    = aws_lb_target_group.shop["green"].arn
        weight = 0
      }
    }
  }
  # rz moves the weights: they are what users need, and not what stands here.
  lifecycle { ignore_changes = [action] }
}

output "shop_rule" {
  description = "For `loadBalancers` of environment.yaml."
  value       = aws_lb_listener_rule.shop.arn
}
