// wfsession: hands over what opencode says and writes to `wf trace ingest`, which keeps of it what
// the settings trace.messages and trace.patches allow. Never in the way: what fails, fails silently.
// Put here by `wf install opencode`; `wf uninstall opencode` takes it away.

import { spawn } from "node:child_process";

const LEFT_OUT = new Set(["step-start", "step-finish", "snapshot", "tool", "file", "agent"]);

function run(args, directory, input, variables) {
  return new Promise((resolve) => {
    const child = spawn("wf", args, {
      cwd: directory,
      env: { ...process.env, ...variables },
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.on("error", resolve);
    child.on("close", resolve);
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

function readMessage(info) {
  // An answer is told again and again until it is whole.
  const isWhole = info.role === "user" || info.time?.completed;
  if (!isWhole && !info.summary?.diffs?.length) return null;
  const payload = {
    type: "message",
    session_id: info.sessionID,
    message_id: info.id,
    role: info.role,
    generated_at_unix_ms: info.time?.created ?? Date.now(),
  };
  const model = info.modelID ?? info.model?.modelID;
  const provider = info.providerID ?? info.model?.providerID;
  if (model) payload.model_id = provider ? `${provider}/${model}` : model;
  if (info.summary?.diffs?.length) payload.summary = { diffs: info.summary.diffs };
  return payload;
}

function readPart(part, role) {
  const isWhole = role === "user" || part.time?.end;
  if (LEFT_OUT.has(part.type) || typeof part.text !== "string" || !isWhole) return null;
  return {
    type: "message.part",
    session_id: part.sessionID,
    message_id: part.messageID,
    part_type: part.type,
    text: part.text,
    generated_at_unix_ms: part.time?.start ?? Date.now(),
    part_id: part.id,
  };
}

export const WfSession = async ({ directory }) => {
  const roles = new Map();
  const met = new Set();
  let waiting = [];
  let isSending = false;

  async function send() {
    if (isSending) return;
    isSending = true;
    while (waiting.length) {
      const payloads = waiting;
      waiting = [];
      for (const id of new Set(payloads.map((one) => one.session_id))) {
        // The first word of a conversation binds it, to the active session.
        if (!met.has(id)) await run(["bind"], directory, "", { WF_THREAD: `opencode--${id}` });
        met.add(id);
      }
      const envelope = JSON.stringify({ tool_name: "opencode", payloads });
      await run(["trace", "ingest", "--by-settings"], directory, envelope, {});
    }
    isSending = false;
  }

  return {
    event: async ({ event }) => {
      let payload = null;
      if (event.type === "message.updated") {
        const info = event.properties.info;
        roles.set(info.id, info.role);
        payload = readMessage(info);
      } else if (event.type === "message.part.updated") {
        const part = event.properties.part;
        payload = readPart(part, roles.get(part.messageID));
      }
      if (payload) {
        waiting.push(payload);
        // Not awaited: opencode goes on meanwhile.
        send();
      }
    },
  };
};
