/** Small parts that every page uses. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Icon, type IconName } from "./icon";

type Tone = "plain" | "good" | "warn" | "bad" | "accent";

/** A word with a colour. */
export function Badge({ tone = "plain", icon, children }: { tone?: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      {icon && <Icon name={icon} size={13} />}
      {children}
    </span>
  );
}

interface ButtonProps {
  children: ComponentChildren;
  onClick?: () => void;
  kind?: "primary" | "plain" | "quiet" | "danger";
  type?: "button" | "submit";
  icon?: IconName;
  isBusy?: boolean;
  isDisabled?: boolean;
}

/** A button; while busy it cannot be pressed again. */
export function Button({ children, onClick, kind = "plain", type = "button", icon, isBusy, isDisabled }: ButtonProps) {
  return (
    <button type={type} class={`button ${kind}`} onClick={onClick} disabled={isDisabled || isBusy} aria-busy={isBusy || undefined}>
      {isBusy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} size={16} />}
      <span>{children}</span>
    </button>
  );
}

interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  error?: string | undefined;
  suffix?: string;
  isSecret?: boolean;
  isDecimal?: boolean;
  isMono?: boolean;
  placeholder?: string;
  after?: ComponentChildren;
}

/** A labelled input with a hint, and what is wrong with it. */
export function Field({ label, value, onInput, hint, error, suffix, isSecret, isDecimal, isMono, placeholder, after }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class={`input ${error ? "wrong" : ""}`}>
        <input
          id={id}
          {...(isSecret ? { type: "password" as const } : { type: "text" as const })}
          class={isMono ? "mono" : ""}
          value={value}
          placeholder={placeholder}
          inputMode={isDecimal ? "decimal" : undefined}
          autocomplete="off"
          spellcheck={false}
          aria-invalid={error ? true : undefined}
          aria-describedby={hint || error ? `${id}-hint` : undefined}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
        {suffix && <span class="suffix">{suffix}</span>}
        {after}
      </div>
      {(error || hint) && (
        <p id={`${id}-hint`} class={error ? "hint wrong" : "hint"}>
          {error || hint}
        </p>
      )}
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
  /** The label is for screen readers only. */
  isBare?: boolean;
}

/** A choice of one. */
export function Select({ label, value, options, onChange, isBare }: SelectProps) {
  const id = useId();
  const box = (
    <div class="input select">
      <select id={id} aria-label={isBare ? label : undefined} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
      <Icon name="down" size={15} />
    </div>
  );
  if (isBare) return box;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {box}
    </div>
  );
}

/** What is wrong, in a box; `action` offers the way out. */
export function Notice({ tone = "bad", title, children, action }: { tone?: Tone; title: string; children?: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <Icon name={tone === "good" ? "check" : "alert"} />
      <div>
        <strong>{title}</strong>
        {children && <div class="notice-body">{children}</div>}
      </div>
      {action && <div class="notice-action">{action}</div>}
    </div>
  );
}

/** A bar that fills up; the number is said beside it and to screen readers. */
export function Meter({ label, part, text }: { label: string; part: number; text: string }) {
  const percent = Math.round(part * 1000) / 10;
  const tone = part >= 0.95 ? "bad" : part >= 0.8 ? "warn" : "";
  return (
    <div class="meter" role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent} aria-valuetext={text}>
      <div class={`meter-fill ${tone}`} style={{ width: `${Math.max(percent, part > 0 ? 1.5 : 0)}%` }} />
    </div>
  );
}

/** Where data will be. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} style={{ width: `${92 - ((i * 23) % 46)}%` }} />
      ))}
    </div>
  );
}

/** Nothing here yet, and what to do. */
export function Empty({ icon, title, children, action }: { icon: IconName; title: string; children?: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={22} />
      </span>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** A name and its value. */
export function Row({ name, children, isMono }: { name: string; children: ComponentChildren; isMono?: boolean }) {
  return (
    <div class="row">
      <dt>{name}</dt>
      <dd class={isMono ? "mono" : ""}>{children}</dd>
    </div>
  );
}
