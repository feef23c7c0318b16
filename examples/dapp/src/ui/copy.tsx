import { useState } from "preact/hooks";
import { Icon } from "./icon";

/** Copies a text; says so for a moment. */
export function Copy({ text, label }: { text: string; label: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button type="button" class="icon-button small" aria-label={isCopied ? "Copied" : label} title={label} onClick={copy}>
      <Icon name={isCopied ? "check" : "copy"} size={14} />
    </button>
  );
}
