import type { Check } from "../state/types";
import { Icon } from "../ui/icon";

const MARKS = {
  pass: ["", "check", "Passed"],
  fail: ["bad", "close", "Failed"],
  skip: ["warn", "alert", "Not judged here"],
} as const;

/** What was checked, each with its result. */
export function Checks({ checks }: { checks: Check[] }) {
  return (
    <ul class="checks">
      {checks.map(({ name, result, detail }) => {
        const [tone, icon, said] = MARKS[result];
        return (
          <li key={name} data-result={result}>
            <span class={`mark ${tone}`} role="img" aria-label={said}>
              <Icon name={icon} size={12} />
            </span>
            <div>
              <strong>{name}</strong>
              <p>{detail}</p>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
