import JSON
import Migration

@testable import Clusters

let composeTargets: [FuzzTarget] = [
    FuzzTarget(
        "compose-file",
        tokens: [
            "services:", "<<: *a", "&a", "network: ", "networks:", "volumes: [", "deploy: {replicas: ", "cpus: .5",
            "labels: {a: 1.10}", "healthcheck:", "ports: [\"80:80/http\"]", "environment:", "~", "0x1F", "1e400", "---",
        ]
    ) { bytes in
        guard
            let services = try outcome({ try ComposeFiles.services(bytes.text, project: "shop", file: "shop.yaml") })
        else { return }
        for service in services.prefix(20) {
            let expected = RecordForm(expectedOf: service, prefix: "mc")
            // What is sent is decoded to what the file was decoded to.
            let body = service.body(replicas: 2).compact
            guard
                let sent = try ComposeFiles.services(body, project: "shop", file: "sent").first(where: {
                    $0.name == service.name
                })
            else { throw Violation("\(service.name) is not in its own body") }
            let again = RecordForm(expectedOf: sent, prefix: "mc")
            try require(expected.differences(to: again).isEmpty, "what is sent is what the file says: \(service.name)")
            try require(Set(again.fields.keys) == Set(expected.fields.keys), "what is sent says no more than the file")
            let read = try ComposeService(service.definition)
            try require(read == service, "a definition is read back as it was")
        }
    },
    FuzzTarget(
        "compose-tasks",
        tokens: [
            "\"task_name\":\"mc:a:b\"", "\"TaskID\":\"a_b.u.0\"", "\"networkinfo\":[{\"name\":\"x\"}]", "\"Labels\":[",
            "\"port_mappings\":[", "\"volumes\":[{\"source\":{\"docker_volume\":{", "\"Health\":{\"http\":{\"port\":1",
            "\"EnableHealthCheck\":true", "\"Instances\":-1", "\"discovery\":{\"ports\":{\"ports\":[",
        ]
    ) { bytes in
        guard let json = try outcome({ try JSON(parsing: bytes) }) else { return }
        for record in json.array ?? [json] {
            let form = RecordForm(record: record)
            try require(form.differences(to: form).isEmpty, "a record is like itself")
            try require(RecordForm(form.json) == form, "a form is read back as it was")
            let service = ComposeService(ComposeTask(json: record), id: "shop/web")
            try require(service.id == "shop/web", "a record gives the service that was asked for")
        }
    },
]
