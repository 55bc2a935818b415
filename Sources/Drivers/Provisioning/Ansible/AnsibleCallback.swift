/// The callback plugin by which Ansible reports to rz what it does. ansible-core has no JSON callback of its own.
///
/// It appends one JSON object a line to the file that `RZ_EVENTS` names. Module arguments are never written, and of a
/// task with `no_log` nothing but its outcome.
enum AnsibleCallback {
    static let name = "rz_events"

    static let source = #"""
        """Reports to rz what a playbook does: one JSON object a line, appended to the file that RZ_EVENTS names."""

        import difflib
        import json
        import os

        from ansible.playbook.handler import Handler
        from ansible.plugins.callback import CallbackBase

        DOCUMENTATION = """
        name: rz_events
        type: notification
        short_description: Writes JSON lines for rz
        description: Writes one JSON object a line to the file named by RZ_EVENTS. Honours no_log.
        """

        LIMIT = 2000
        LINES = 200
        FACTS = ("setup", "gather_facts", "ansible.builtin.setup", "ansible.builtin.gather_facts",
                 "ansible.legacy.setup", "ansible.legacy.gather_facts")


        def message_of(result):
            """What a person needs to know of a failure; never the module's arguments."""
            data = getattr(result, "result", None) or result._result
            if getattr(result._task, "no_log", False) or data.get("_ansible_no_log"):
                return "the reason is hidden by no_log"
            parts = [item_message(item) for item in data.get("results", []) if isinstance(item, dict)]
            parts = [part for part in parts if part] or [data.get("msg"), data.get("stderr"), data.get("reason")]
            return "\n".join(str(part) for part in parts if part)[:LIMIT]


        def diff_of(result):
            """What the task would change, line by line; nothing of a task with no_log."""
            data = getattr(result, "result", None) or result._result
            if getattr(result._task, "no_log", False) or data.get("_ansible_no_log"):
                return ["hidden by no_log"]
            found = [item for item in data.get("results", []) if isinstance(item, dict)] or [data]
            lines = []
            for item in found:
                if item.get("_ansible_no_log"):
                    lines.append("hidden by no_log")
                    continue
                diffs = item.get("diff") or []
                for diff in diffs if isinstance(diffs, list) else [diffs]:
                    lines += diff_lines(diff)
            return lines[:LINES]


        def diff_lines(diff):
            if not isinstance(diff, dict):
                return []
            if "prepared" in diff:
                return str(diff["prepared"]).splitlines()
            sides = [text_of(diff.get(side)) for side in ("before", "after")]
            names = [str(diff.get(side + "_header") or side) for side in ("before", "after")]
            return [line.rstrip("\n") for line in difflib.unified_diff(*sides, *names, n=1)]


        def text_of(side):
            text = side if isinstance(side, str) else json.dumps(side or "", indent=1, sort_keys=True, default=str)
            return [line + "\n" for line in text.splitlines()]


        def item_message(item):
            if not (item.get("failed") or item.get("unreachable")):
                return None
            if item.get("_ansible_no_log"):
                return "the reason is hidden by no_log"
            return "\n".join(str(part) for part in (item.get("msg"), item.get("stderr")) if part)


        class CallbackModule(CallbackBase):
            CALLBACK_VERSION = 2.0
            CALLBACK_TYPE = "notification"
            CALLBACK_NAME = "rz_events"
            CALLBACK_NEEDS_ENABLED = True

            def __init__(self):
                super().__init__()
                self._file = os.open(os.environ["RZ_EVENTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

            def _write(self, event, **fields):
                os.write(self._file, (json.dumps(dict(event=event, **fields)) + "\n").encode())

            def _write_result(self, event, result, **fields):
                task = result._task
                # Gathering facts and the like, which no playbook asks for.
                if getattr(task, "implicit", False) or task.action in FACTS:
                    fields["implicit"] = True
                fields["names"] = [task.name or ""] + list(getattr(task, "listen", None) or [])
                fields["tags"] = [str(tag) for tag in task.tags or []]
                fields["handler"] = isinstance(task, Handler)
                data = getattr(result, "result", None) or result._result
                if event in ("ok", "changed", "ignored") and data.get("changed"):
                    fields["changed"] = True
                    fields["notifies"] = [str(name) for name in task.notify or []]
                    if os.environ.get("RZ_DIFF"):
                        fields["diff"] = diff_of(result)
                self._write(event, host=result._host.get_name(), task=task.get_name(), **fields)

            def v2_playbook_on_play_start(self, play):
                self._write("play", name=play.get_name(), hosts=self._hosts(play))

            def _hosts(self, play):
                """The hosts that the play, or this batch of it, applies to."""
                try:
                    inventory = play.get_variable_manager()._inventory
                    return [host.get_name() for host in inventory.get_hosts(play.hosts)]
                except Exception:
                    return []

            def v2_playbook_on_task_start(self, task, is_conditional):
                self._write("task", name=task.get_name())

            def v2_playbook_on_handler_task_start(self, task):
                self._write("task", name=task.get_name())

            def v2_playbook_on_notify(self, handler, host):
                """Handlers are about to run: the names that tasks gave became this handler."""
                self._write("handling", host=host.get_name(), names=[handler.get_name()])

            def _write_done(self, event, result):
                self._write_result(event, result)
                task, host = result._task, result._host.get_name()
                if isinstance(task, Handler):
                    self._write("handled", host=host, names=[task.get_name(), task.name] + list(task.listen or []))
                if event == "changed" and task.notify:
                    self._write("notified", host=host, names=[str(name) for name in task.notify])

            def v2_runner_on_ok(self, result):
                data = getattr(result, "result", None) or result._result
                self._write_done("changed" if data.get("changed") else "ok", result)

            def v2_runner_on_skipped(self, result):
                self._write_done("skipped", result)

            def v2_runner_on_failed(self, result, ignore_errors=False):
                event = "ignored" if ignore_errors else "failed"
                self._write_result(event, result, message=message_of(result))

            def v2_runner_on_unreachable(self, result):
                self._write_result("unreachable", result, message=message_of(result))

            def v2_playbook_on_stats(self, stats):
                self._write("stats", hosts={host: stats.summarize(host) for host in sorted(stats.processed)})
        """#
}
