import { useRef, useState } from "preact/hooks";
import { contractNow } from "../state/account";
import { send, stop, streaming } from "../state/chat";
import { keepsHistory } from "../state/settings";
import type { Session } from "../state/types";
import { Icon } from "../ui/icon";

/** Where questions are written. Enter sends, Shift+Enter breaks the line, Escape stops the answer. */
export function Composer({ session, model }: { session: Session; model: string }) {
  const [text, setText] = useState("");
  const input = useRef<HTMLTextAreaElement>(null);
  const isStreaming = streaming.value !== undefined;
  const isUsable = session.status === "open" && session.expires > contractNow();

  const submit = (event?: Event) => {
    event?.preventDefault();
    const question = text.trim();
    if (question === "" || isStreaming || !isUsable) return;
    setText("");
    void send(session, model, question).then(() => input.current?.focus());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
    if (event.key === "Escape" && isStreaming) stop();
  };

  return (
    <div class="composer">
      <form onSubmit={submit}>
        <textarea
          ref={input}
          rows={1}
          aria-label="Your question"
          placeholder={isUsable ? `Ask ${model}` : "This session is closed"}
          value={text}
          disabled={!isUsable}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        {isStreaming ? (
          <button type="button" class="go" aria-label="Stop the answer" title="Stop (Esc)" onClick={stop}>
            <Icon name="stop" />
          </button>
        ) : (
          <button type="submit" class="go" aria-label="Send" title="Send (Enter)" disabled={text.trim() === "" || !isUsable}>
            <Icon name="send" />
          </button>
        )}
      </form>
      <p>{keepsHistory.value ? "Conversations are kept, unencrypted, in this browser." : "Conversations are not stored; they end with this tab."}</p>
    </div>
  );
}
