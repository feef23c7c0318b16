/** The page's config.json for a stage: the file that SECRET_AI_STAGE names. */
import { readFileSync } from "node:fs";

/** @returns {Record<string, string> | undefined} nothing without a stage */
export function stageConfig(path = process.env.SECRET_AI_STAGE) {
  if (!path) return undefined;
  const stage = JSON.parse(readFileSync(path, "utf8"));
  return {
    lcd_url: stage.lcd_url,
    chain_id: stage.chain_id,
    billing: stage.contracts.billing.address,
    faucet_url: stage.faucet_url ?? "",
    test_mnemonic: stage.accounts.user.mnemonic,
  };
}
