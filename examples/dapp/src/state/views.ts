/** From the library's messages to what the pages show. */
import type { billing, Offer as ChainOffer } from "secret-ai";
import type { Offer, Session } from "./types";

/** An offer with what the registry verified of its worker. */
export function toOffer(offer: ChainOffer): Offer {
  return {
    workerId: offer.workerId,
    url: offer.url,
    model: offer.model,
    lines: offer.rates.map(({ unit, rate }) => ({ model: offer.model, unit, rate: BigInt(rate) })),
    tee: offer.worker.tee,
    tcbStatus: offer.worker.tcb_status,
    gpus: offer.gpus,
    isPlatformKnown: offer.knownPlatform,
    leaseUntil: offer.leaseUntil,
  };
}

/** A session of this wallet. */
export function toSession({ counter, session }: billing.OwnSession): Session {
  const lines = session.lines.map(({ model, unit, rate }) => ({ model, unit, rate: BigInt(rate) }));
  return {
    id: session.session_id,
    counter,
    workerId: session.worker_id,
    models: [...new Set(lines.map((line) => line.model))],
    lines,
    cap: BigInt(session.cap),
    slack: BigInt(session.slack),
    paid: BigInt(session.paid),
    status: session.status,
    deadline: session.deadline,
    expires: session.expires,
    isCountersigned: "k" in session.auth,
  };
}
