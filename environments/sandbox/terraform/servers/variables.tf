variable "sandbox" {
  description = "Absolute path of the sandbox's folder, the one that holds sandbox.json."
  type        = string

  validation {
    condition     = startswith(var.sandbox, "/")
    error_message = "The sandbox's folder must be an absolute path."
  }
}

variable "color" {
  description = "Which color these servers are: blue or green."
  type        = string

  validation {
    condition     = contains(["blue", "green"], var.color)
    error_message = "A color is blue or green."
  }
}

variable "image" {
  description = "The image the servers are made from; another one replaces every server."
  type        = string
}
