/** Line icons, drawn here: 24 units wide, stroke in the text's colour. */
const PATHS = {
  chat: "M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5Z",
  cpu: "M7 4h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3ZM9.5 9.5h5v5h-5zM9 1v3M15 1v3M9 20v3M15 20v3M1 9h3M1 15h3M20 9h3M20 15h3",
  chart: "M4 20V10M10 20V4M16 20v-7M21 20H3",
  wallet: "M3 7.5A2.5 2.5 0 0 1 5.5 5H18v4M3 7.5V17a3 3 0 0 0 3 3h13a2 2 0 0 0 2-2v-7a2 2 0 0 0-2-2H5a2 2 0 0 1-2-1.5M17 14.5h.01",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 7m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M8 17m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  shield: "M12 3l7.5 2.8v5.7c0 4.5-3 7.9-7.5 9.5c-4.5-1.6-7.5-5-7.5-9.5V5.8ZM8.8 12.2l2.3 2.3l4.3-4.6",
  alert: "M12 4L2.8 19.5h18.4ZM12 10v4M12 16.9v.1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h9a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2ZM17 5V5a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v9a2 2 0 0 0 2 2",
  send: "M12 19V5M5.5 11.5L12 5l6.5 6.5",
  stop: "M7 7h10v10H7Z",
  plus: "M12 5v14M5 12h14",
  download: "M12 4v11M7 11l5 5l5-5M4 20h16",
  logout: "M14 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h8M10 12h11M17.5 8.5L21 12l-3.5 3.5",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M6 11h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1Z",
  key: "M8 15m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M11.3 11.7L20 3M16 7l3 3",
  down: "M6 9.5l6 6l6-6",
  sun: "M12 12m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4A8.5 8.5 0 1 0 20 14.5Z",
  refresh: "M20 11a8 8 0 0 0-14.5-3.5L3.5 10M4 13a8 8 0 0 0 14.5 3.5l2-2.5M3.5 4.5V10H9M20.5 19.5V14H15",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon; it says nothing to a screen reader, the text beside it does. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
