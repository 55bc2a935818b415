import Foundation

/// Runs one task on a master with the few calls of the scheduler API that this needs, and stays until it is let go.
///
/// Independent of rz' own scheduler: what rz reads from a master is not proved by what rz itself put there.
final class TaskScript {
    private let process = Process()

    init(master: Int, name: String, taskID: String, label: String, role: String = "svc") throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, "\(master)", name, taskID, label, role]
        process.standardInput = Pipe()
        process.standardOutput = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        (process.standardInput as? Pipe)?.fileHandleForWriting.closeFile()
        process.waitUntilExit()
    }
}

private let script = """
    import http.client, json, os, sys, threading
    port, name, task, label, role = int(sys.argv[1]), *sys.argv[2:6]
    def ended():
        sys.stdin.read()
        os._exit(0)
    threading.Thread(target=ended, daemon=True).start()
    JSON = {"Content-Type": "application/json", "Accept": "application/json"}
    stream = http.client.HTTPConnection("127.0.0.1", port)
    stream.request("POST", "/api/v1/scheduler", json.dumps({"type": "SUBSCRIBE", "subscribe": {"framework_info": {
        "user": "root", "name": name, "roles": [role], "capabilities": [{"type": "MULTI_ROLE"}],
        "webui_url": "http://127.0.0.1:1/"}}}), JSON)
    answer = stream.getresponse()
    identity, launched = None, False
    def call(body):
        body["framework_id"] = identity
        one = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        one.request("POST", "/api/v1/scheduler", json.dumps(body),
                    {**JSON, "Mesos-Stream-Id": answer.getheader("Mesos-Stream-Id")})
        one.getresponse().read()
    while True:
        length, text = int(answer.readline()), b""
        while len(text) < length: text += answer.read(length - len(text))
        event = json.loads(text)
        if event["type"] == "SUBSCRIBED": identity = event["subscribed"]["framework_id"]
        elif event["type"] == "OFFERS":
            for offer in event["offers"]["offers"]:
                if launched:
                    call({"type": "DECLINE", "decline": {"offer_ids": [offer["id"]]}})
                    continue
                launched = True
                own = {"allocation_info": {"role": role}}
                free = next(r for r in offer["resources"] if r["name"] == "ports")["ranges"]["range"][0]["begin"]
                call({"type": "ACCEPT", "accept": {"offer_ids": [offer["id"]], "operations": [{"type": "LAUNCH",
                    "launch": {"task_infos": [{"name": name, "task_id": {"value": task},
                    "agent_id": offer["agent_id"], "command": {"value": "exec sleep 1000"},
                    "labels": {"labels": [{"key": "svc", "value": label}]},
                    "health_check": {"type": "COMMAND", "command": {"value": "true"}, "delay_seconds": 0.1,
                                     "interval_seconds": 0.2},
                    "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}, **own},
                        {"name": "mem", "type": "SCALAR", "scalar": {"value": 64}, **own},
                        {"name": "ports", "type": "RANGES",
                         "ranges": {"range": [{"begin": free, "end": free}]}, **own}]}]}}]}})
        elif event["type"] == "UPDATE" and "uuid" in event["update"]["status"]:
            status = event["update"]["status"]
            call({"type": "ACKNOWLEDGE", "acknowledge": {key: status[key] for key in ("agent_id", "task_id", "uuid")}})
    """
