// Made by `npm run generate` from schema/ (`make schema`); a test compares. Do not edit.

/** Classes of messages, in bytes; see `sizeOf` in padding.ts for their forms. */
export const SIZES = {
  "billing": {
    "open_sessions": [
      1536,
      2816,
      4096,
      5376,
      6656,
      7936,
      8960,
      10240
    ],
    "settle": 2048,
    "receive": {
      "base": 0,
      "block": 256
    },
    "other": 512
  },
  "billing_receive": {
    "deposit": 192,
    "open_sessions": [
      1344,
      2688,
      3840,
      5184,
      6528,
      7680,
      9024,
      10176
    ]
  },
  "rewards": {
    "credit": {
      "base": 0,
      "block": 256
    },
    "other": 512
  },
  "token": {
    "send": {
      "base": 512,
      "block": 256
    },
    "send_from": {
      "base": 512,
      "block": 256
    },
    "set_minters": 1024,
    "other": 512
  },
  "registry": {
    "other": {
      "base": 0,
      "block": 256
    }
  }
} as const;

/** Kinds of message that have no `padding`: the admin's and other contracts'. */
export const WITHOUT_PADDING = {
  "billing": [
    "receive",
    "link_rewards",
    "pause",
    "unpause"
  ],
  "rewards": [
    "credit"
  ],
  "registry": [],
  "token": []
};
