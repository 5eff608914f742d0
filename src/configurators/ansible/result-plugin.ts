/**
 * A callback plug-in for Ansible, Python: what a run did, as JSON lines. One object a line, told apart by `event`:
 *
 * - `start` { version }
 * - `task` { host, task, status, ms, reason?, path?, diff? }; `status`: ok, changed, failed, ignored, skipped, unreachable
 * - `host` { host, failures, unreachable, reboot }: Ansible's own sum
 * - `end` { complete }: false where the playbook ended before its last play, or before its last task, for somebody
 *
 * `parse-result.ts` reads them.
 */
export const RESULT_PLUGIN = String.raw`# Written by bootmachine, and put back by it when it is changed.
#
# Writes what a run did, host by host and task by task, as JSON lines to the file that $BM_RESULT names, so that nobody has
# to read it out of text made for people. Without BM_RESULT it does nothing: runs by hand are as ever.
# Understood by ansible-core 2.14 and later.
import difflib
import json
import os
import time

from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

DOCUMENTATION = """
name: bootmachine_result
type: notification
short_description: Writes results as JSON lines for bootmachine
description:
  - Writes one JSON object a line to the file named by the environment variable BM_RESULT.
author: bootmachine
"""

# A change with more lines than this is cut; so is a reason with more characters.
DIFF_LINES = 200
REASON_CHARACTERS = 4000
ITEM_CHARACTERS = 100
# From here on differences are left out: what all servers together have done may have 16 MiB.
DIFFS_END_BYTES = 8 * 1024 * 1024


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "bootmachine_result"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        path = os.environ.get("BM_RESULT")
        self.disabled = not path
        self._out = open(path, "a", encoding="utf-8") if path else None
        self._started = {}
        self._failed_items = {}
        self._plays = set()
        self._play_count = 0
        self._cut_short = False
        self._written = 0

    def _write(self, event, **fields):
        # ASCII: a character is a byte.
        self._written += self._out.write(json.dumps({"event": event, **fields}, default=str) + "\n")
        self._out.flush()

    # The run

    def v2_playbook_on_start(self, playbook):
        self._play_count = len(playbook.get_plays())
        self._write("start", version=__version__)

    def v2_playbook_on_play_start(self, play):
        # Once for each batch of a serial play.
        self._plays.add(play._uuid)

    def v2_playbook_on_no_hosts_remaining(self):
        self._cut_short = True

    def v2_playbook_on_stats(self, stats):
        for host in sorted(stats.processed):
            summary = stats.summarize(host)
            wanted = stats.custom.get(host, {})
            self._write(
                "host",
                host=host,
                failures=summary["failures"],
                unreachable=summary["unreachable"],
                reboot=bool(wanted.get("bootmachine_reboot", False)),
            )
        self._write("end", complete=not self._cut_short and len(self._plays) >= self._play_count)

    # Tasks

    def v2_runner_on_start(self, host, task):
        self._started[(host.get_name(), task._uuid)] = time.monotonic()

    def v2_runner_on_ok(self, result):
        self._task("changed" if self._data(result).get("changed") else "ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._task("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result):
        self._task("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._task("unreachable", result)

    # In the result of a whole loop nothing tells the items that failed from the others.

    def v2_runner_item_on_failed(self, result):
        data = self._data(result)
        if not self._is_hidden(data):
            host, task = self._whose(result)
            words = self._item(data) + ": " + self._message(data)
            self._failed_items.setdefault((host, task._uuid), []).append(words)

    def _task(self, status, result):
        host, task = self._whose(result)
        data = self._data(result)
        begun = self._started.pop((host, task._uuid), None)
        items = self._failed_items.pop((host, task._uuid), [])
        fields = {
            "host": host,
            "task": task.get_name(),
            "status": status,
            "ms": 0 if begun is None else round((time.monotonic() - begun) * 1000),
        }
        reason = self._reason(status, data, items)
        if reason:
            fields["reason"] = reason[:REASON_CHARACTERS]
        if status in ("failed", "unreachable"):
            fields["path"] = self._path(task)
        diff = self._diff(data) if status == "changed" and self._written < DIFFS_END_BYTES else []
        if diff:
            fields["diff"] = diff
        self._write("task", **fields)

    # The names with an underscore are those of ansible-core before 2.19.

    @staticmethod
    def _whose(result):
        host = getattr(result, "host", None) or result._host
        return host.get_name(), getattr(result, "task", None) or result._task

    @staticmethod
    def _data(result):
        return getattr(result, "result", None) or getattr(result, "_result", None) or {}

    # What Ansible hides (no_log) it has taken out before a callback sees it; asked again here, because a result may hold several.

    @staticmethod
    def _is_hidden(data):
        return bool(data.get("_ansible_no_log")) or "censored" in data

    def _parts(self, data):
        """The results of a loop, or the one there is, without the hidden ones."""
        if self._is_hidden(data):
            return []
        items = data.get("results")
        parts = items if isinstance(items, list) and items and isinstance(items[0], dict) else [data]
        return [part for part in parts if isinstance(part, dict) and not self._is_hidden(part)]

    def _reason(self, status, data, failed_items):
        if self._is_hidden(data):
            return data.get("censored", "hidden: no_log") if status == "failed" else None
        if status in ("failed", "ignored", "unreachable"):
            return "\n".join(failed_items) or self._message(data)
        if status == "changed":
            changed = [part for part in self._parts(data) if part is not data and part.get("changed")]
            return "\n".join(self._item(part) for part in changed)
        if status == "skipped":
            return data.get("skip_reason") or data.get("msg")
        return None

    @staticmethod
    def _path(task):
        """FILE:LINE, as seen from the tree."""
        path = task.get_path() or ""
        tree = os.getcwd() + "/"
        return path[len(tree) :] if path.startswith(tree) else path

    def _item(self, data):
        return str(self._get_item_label(data))[:ITEM_CHARACTERS]

    @staticmethod
    def _message(data):
        said = [data.get("msg") or data.get("reason") or ""]
        said += [data.get(name) or "" for name in ("module_stderr", "stderr")]
        texts = [str(text).strip() for text in said if text]
        return "\n".join(dict.fromkeys(text for text in texts if text)) or "failed without a message"

    def _diff(self, data):
        lines = []
        for part in self._parts(data):
            diffs = part.get("diff")
            for diff in diffs if isinstance(diffs, list) else [diffs]:
                if isinstance(diff, dict):
                    lines += self._diff_lines(diff, part.get("dest") or part.get("path"))
        if len(lines) > DIFF_LINES:
            lines = lines[:DIFF_LINES] + ["... (%d more lines)" % (len(lines) - DIFF_LINES)]
        return lines

    def _diff_lines(self, diff, path):
        if "prepared" in diff:
            return self._text(diff["prepared"]).splitlines()
        if "before" not in diff or "after" not in diff:
            return []
        # The headers of a file made from text name a temporary file of Ansible's.
        return list(
            difflib.unified_diff(
                self._text(diff["before"]).splitlines(),
                self._text(diff["after"]).splitlines(),
                fromfile=str(path or diff.get("before_header") or "before"),
                tofile=str(path or diff.get("after_header") or "after"),
                lineterm="",
            )
        )

    @staticmethod
    def _text(value):
        if value is None:
            return ""
        if isinstance(value, (dict, list)):
            return json.dumps(value, indent=2, sort_keys=True, default=str)
        return str(value)
`;

/** Its file name is the name of the plug-in. */
export const RESULT_PLUGIN_FILE = "bootmachine_result.py";
