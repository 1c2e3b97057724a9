// Which score cards may stand side by side.

/** Everything that defines a value except its metric, flat. @param {any} card @returns {Record<string, string>} */
export function protocolOf(card) {
  /** @type {Record<string, string>} */
  const found = {};
  const walk = (/** @type {string} */ name, /** @type {any} */ value) => {
    if (value !== null && typeof value === "object" && !Array.isArray(value))
      Object.entries(value).forEach(([key, inner]) => walk(name ? `${name}.${key}` : key, inner));
    else found[name] = typeof value === "string" ? value : JSON.stringify(value);
  };
  walk("", { ...card.spec, weights: card.weights });
  // Cards of early versions have the numbers of samples outside of the protocol.
  for (const name of ["n_real", "n_fake"]) if (!(`protocol.${name}` in found)) walk(name, card[name]);
  return found;
}

/**
 * Metric -> its protocols -> their cards in order of steps, the newest of each step.
 * @param {any[]} cards
 * @returns {Map<string, Map<string, any[]>>}
 */
export function byProtocol(cards) {
  /** @type {Map<string, Map<string, any[]>>} */
  const found = new Map();
  for (const card of cards) {
    const groups = found.get(card.metric) ?? new Map(),
      key = `${card.fingerprint} ${card.n_real} ${card.n_fake} ${card.weights}`;
    found.set(card.metric, groups);
    groups.set(
      key,
      [...(groups.get(key) ?? []).filter((/** @type {any} */ other) => other.step !== card.step), card].sort(
        (a, b) => a.step - b.step,
      ),
    );
  }
  return found;
}

/** Names of what differs between protocols. @param {any[]} cards one of each protocol */
export function differing(cards) {
  const all = cards.map(protocolOf);
  return [...new Set(all.flatMap(Object.keys))].filter((key) => new Set(all.map((one) => one[key])).size > 1);
}
