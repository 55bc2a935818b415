output "inventory" {
  description = "Group -> hosts, the source of the Ansible inventory and of {{ group[0].field }} in environment.yaml."
  value = {
    agent    = values(terraform_data.agent)[*].output
    control  = values(terraform_data.control)[*].output
    database = values(terraform_data.database)[*].output
  }
}
