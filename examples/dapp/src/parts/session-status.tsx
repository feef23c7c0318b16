import type { Session } from "../state/types";
import { Badge } from "../ui/parts";

const SHOWN: Record<Session["status"], ["good" | "warn" | "accent" | "plain", string]> = {
  open: ["good", "Open"],
  closing: ["warn", "Closing"],
  ended: ["accent", "Reclaimable"],
  reclaimed: ["plain", "Done"],
};

/** The state of a session, in a word. */
export function SessionStatus({ status }: { status: Session["status"] }) {
  const [tone, text] = SHOWN[status];
  return <Badge tone={tone}>{text}</Badge>;
}
