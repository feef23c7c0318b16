import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { formatAmount, money } from "../lib/amount";
import { count, moment } from "../lib/text";
import type { StoredReceipt, Token } from "../state/types";

const HEIGHT = 200;
const LEFT = 64;
const BOTTOM = 22;
const MOST_BARS = 48;
/** Told apart in light and dark, and by people who see few colours. */
const COLOURS = ["#6366f1", "#0ea5a4", "#d97706", "#db2777", "#65a30d", "#64748b"];

/** One bar per answer, newest on the right, coloured by model. */
export function UsageChart({ receipts, token }: { receipts: StoredReceipt[]; token: Token }) {
  const shown = receipts.slice(-MOST_BARS);
  const models = [...new Set(receipts.map((receipt) => receipt.model))];
  const [at, setAt] = useState(shown.length - 1);
  const costs = shown.map((receipt) => BigInt(receipt.cost));
  const top = niceTop(costs.reduce((most, cost) => (cost > most ? cost : most), 1n));
  const figure = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(720);
  // As wide as there is room, so that text keeps its size on phones.
  useLayoutEffect(() => {
    const element = figure.current;
    if (!element) return undefined;
    const watch = new ResizeObserver(() => setWidth(Math.max(element.clientWidth, 240)));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const step = (width - LEFT) / Math.max(shown.length, 12);
  const height = (cost: bigint) => (Number((cost * 10_000n) / top) / 10_000) * (HEIGHT - BOTTOM);
  const colour = (model: string) => COLOURS[models.indexOf(model) % COLOURS.length];
  const current = shown[Math.min(at, shown.length - 1)];
  const total = receipts.reduce((sum, receipt) => sum + BigInt(receipt.cost), 0n);
  return (
    <figure ref={figure} class="stack" style={{ gap: "12px" }}>
      <svg class="chart" viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={`Cost of ${count(shown.length)} answers, ${money(total, token)} in all`}>
        {[0n, top / 2n, top].map((mark) => {
          const y = HEIGHT - BOTTOM - height(mark);
          return (
            <g key={mark.toString()}>
              <line class="grid" x1={LEFT} x2={width} y1={y} y2={y} />
              <text x={LEFT - 10} y={y + 4} text-anchor="end">
                {mark === 0n ? "0" : formatAmount(mark, token)}
              </text>
            </g>
          );
        })}
        {shown.map((receipt, i) => {
          const tall = Math.max(height(costs[i] ?? 0n), 2);
          return (
            <rect
              key={receipt.sessionId + receipt.kid + receipt.seq}
              class="bar"
              x={LEFT + i * step + step * 0.16}
              y={HEIGHT - BOTTOM - tall}
              width={Math.min(step * 0.68, 40)}
              height={tall}
              rx={3}
              fill={colour(receipt.model)}
              onMouseEnter={() => setAt(i)}
            />
          );
        })}
        <text x={LEFT} y={HEIGHT - 4}>{shown[0] && moment(shown[0].time)}</text>
        {shown.length > 12 && (
          <text x={width} y={HEIGHT - 4} text-anchor="end">
            {moment(shown.at(-1)?.time ?? 0)}
          </text>
        )}
      </svg>
      <figcaption class="between" style={{ flexWrap: "wrap" }}>
        <span class="legend">
          {models.map((model) => (
            <span key={model}>
              <i style={{ background: colour(model) }} />
              {model}
            </span>
          ))}
        </span>
        {current && (
          <span class="small muted num" aria-live="polite">
            #{current.seq}: {money(BigInt(current.cost), token)}, {current.units.map((n, i) => `${count(n)} ${current.unitNames[i]}`).join(" + ")}
          </span>
        )}
      </figcaption>
    </figure>
  );
}

/** The next of 1, 2, 5 times a power of ten. */
function niceTop(most: bigint): bigint {
  for (let power = 1n; ; power *= 10n) {
    const fit = [1n, 2n, 5n].map((n) => n * power).find((n) => n >= most);
    if (fit) return fit < 2n ? 2n : fit;
  }
}
