extension EnvironmentTemplate {
    /// The shipped runbook, word for word; a test compares them.
    static let runbook = #"""
        # The full update of an environment: build the other color, move the traffic, take the old color down.
        #
        # The phases and their order belong to rz and can't be changed. What you may do:
        #   - add steps to any phase: `exec` (a program), `http` (a request), `approval`, `wait`;
        #   - change timeouts, retries, and what happens on a failure (`onFailure: halt | rollback`);
        #   - order steps with `needs`. Without it a step needs the one before it; `needs: []` needs none.
        # A step that changes the old color is refused before tearDown; a step without a timeout is refused anywhere.
        apiVersion: rz/v1
        name: rz-update
        description: Move an environment from its live color to the other one.

        phases:
          preflight:                      # everything that would spoil the run, before anything is built
            steps:
              - { id: checks, use: checks, timeout: 2m }
              # For example, ask your monitoring for silence:
              # - id: silence
              #   exec: { command: [bin/silence, "2h"] }
              #   timeout: 1m
              #   onFailure: continue

          standUp:                        # undone by a rollback: the new color's servers are destroyed
            steps:
              - { id: disks, use: disks, timeout: 15m }
              - { id: servers, use: servers, timeout: 60m, retries: 1 }

          configure:
            steps:
              - { id: site, use: configuration, timeout: 60m, retries: 1 }

          platformGate:
            steps:
              - { id: platform, use: platform, timeout: 10m }

          replicate:                      # one step a service, those that others need first
            steps:
              - { id: launch, use: launch, timeout: 15m, retries: 2 }

          serviceGate:
            steps:
              - { id: register, use: register, timeout: 5m, retries: 1 }   # where `traffic` says which servers a backend gets
              - { id: health, use: health, timeout: 15m }

          cutOver:                        # any failure here gives the traffic back to the old color first
            steps:
              - { id: ready, use: ready, timeout: 5m, retries: 1 }
              - { id: shift, use: shift, timeout: 15m }     # one step a weight; the bake time comes on top
              - { id: handOver, use: handOver, timeout: 60m }   # jobs and single-color services, one after the other

          drain:
            steps:
              - { id: drain, use: drain, timeout: 5m }      # the environment's drain deadline comes on top

          soak:
            steps:
              - { id: soak, use: soak, timeout: 5m }        # the environment's soak comes on top

          tearDown:                       # THE POINT OF NO RETURN: from here on there is no rollback
            steps:
              - { id: stop, use: stop, timeout: 15m, retries: 2 }
              - { id: destroy, use: destroy, timeout: 60m, retries: 1 }
              - { id: unregister, use: unregister, timeout: 5m, retries: 1 }

        # Call people when a run has halted; RZ_REASON says why, and the journal what came of it:
        # onHalt:
        #   - { id: page, exec: { command: [bin/page, "{{ run }}"] }, timeout: 30s, retries: 2 }
        """#
}
