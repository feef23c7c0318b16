/** The page's config.json for a stage; nothing without one. */
export function stageConfig(path?: string): Record<string, string> | undefined;
