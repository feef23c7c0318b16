import { dismiss, toasts } from "../state/toasts";
import { Icon } from "../ui/icon";

/** Short messages in the corner. */
export function Toasts() {
  return (
    <div class="toasts" aria-live="polite">
      {toasts.value.map(({ id, tone, text }) => (
        <div key={id} class={`toast ${tone}`} role={tone === "bad" ? "alert" : "status"}>
          <Icon name={tone === "good" ? "check" : "alert"} />
          <div>{text}</div>
          <button type="button" class="icon-button small" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
