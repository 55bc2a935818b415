// The files of a new environment that hold nothing of its own.
extension EnvironmentTemplate {
    static let module = #"""
        # The servers of one color. rz applies this module once for each color, each with a state of its own.
        terraform {
          backend "local" {}
        }

        variable "color" {
          type = string
        }

        # Providers are installed as .terraform.lock.hcl says. To make it, and again after each new version, run here:
        # terraform init -backend=false. Commit it.

        # FILL IN: the servers, for example one resource with `for_each`; tag each with var.color

        # What rz and Ansible know of the servers: group -> list of { name, address, ... }.
        output "inventory" {
          value = {
            control = [] # FILL IN: each as { name = "${var.color}-control-1", address = "..." }
            agent   = [] # FILL IN: those that run services
          }
        }

        """#

    /// What `terraform init` leaves in the folder, except the lock file.
    static let ignored = """
        .terraform/
        *.tfstate
        *.tfstate.*

        """

    static let playbook = #"""
        # Brings a color's servers into the state that services need. A second run must change nothing.
        - hosts: all
          gather_facts: false
          tasks: []   # FILL IN: roles or tasks for the servers

        """#

    static let composeFile = #"""
        # The services of one project of mesos-compose, which is named like this file. Each file is a project.
        version: "3.9"
        services: {}   # FILL IN: the services of this project
        #  web:
        #    image: registry.example.org/web:1.4.2
        #    network_mode: host
        #    deploy: { replicas: 2, resources: { limits: { cpus: 0.2, memory: 128 } } }

        """#
}
