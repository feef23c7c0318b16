// What workers ask: the registry's public price list.
import type { Offer as Listed, Rate, WorkerAnswer } from './messages/registry.js';
import { rate } from './price.js';

/** What a worker asks for a model, with what is known of the worker. */
export interface Offer {
  workerId: string;
  url: string;
  model: string;
  /** Address of the token in which the rates are. */
  token: string;
  rates: Rate[];
  /** Number of confidential GPUs. */
  gpus: number;
  /** Somebody trusted knows where the platform stands. */
  knownPlatform: boolean;
  /** Unix seconds of block time. */
  leaseUntil: number;
  worker: WorkerAnswer;
}

/** An offer of the price list with its worker. */
export function toOffer(offer: Listed, worker: WorkerAnswer): Offer {
  return {
    workerId: offer.worker_id,
    url: offer.url,
    model: offer.listing.model,
    token: offer.listing.token,
    rates: offer.listing.rates,
    gpus: offer.class >> 4,
    knownPlatform: (offer.class & 0b10) !== 0,
    leaseUntil: worker.lease_until,
    worker,
  };
}

/** Compares offers: an output token is taken to cost as much work as four input tokens. */
function weight(offer: Offer): bigint {
  const of = (unit: Rate['unit']) => rate(offer.rates.find((r) => r.unit === unit)?.rate ?? 0);
  return of('input') + 4n * of('output') + of('request');
}

/** Whether its rates can be told exactly: contracts take higher ones than JSON numbers hold. */
export function isReadable({ listing }: Listed): boolean {
  return listing.rates.every(({ rate: value }) => Number.isSafeInteger(value));
}

/** The cheapest first. */
export function byPrice(a: Offer, b: Offer): number {
  const [first, second] = [weight(a), weight(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}
