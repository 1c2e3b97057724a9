// What the health rules found, in Chinese: the run has their English sentences, and the numbers behind them.
/**
 * Rule -> sentences; the first one whose numbers were all recorded is used. {name%} is a share, {name^} a power of ten;
 * {step} is the step of the report.
 * @type {Record<string, string[]>}
 */
export const findings = {
  artefacts: [
    "第 {step} 步，生成图像精细细节的功率是真实图像的 {excess^} 倍：请检查是否有噪声、棋盘伪影或生硬的边缘。",
  ],
  "augmentation-limit": [
    "最迟自第 {since_step} 步起，增强概率一直处于上限 {augmentation_probability%}，过拟合程度 r 为 {augmentation_sign}。",
  ],
  "discriminator-overfitting": [
    "截至第 {step} 步，在 {training_above_held_out%} 的样本对中，判别器给训练样本的输出高于留出样本；50% 表示没有差别。",
  ],
  "exploding-gradient": ["第 {step} 步，梯度范数增长到原来的 {growth} 倍，达到 {gradient_norm}，而且仍在增长。"],
  "frozen-loss": ["自第 {since_step} 步起，被最小化的一项一直恰好等于 {value}，没有任何变化。"],
  memorisation: [
    "截至第 {step} 步，至少 {copies%} 的样本到训练样本的距离比 98% 的留出数据更近；偶然情况下约为 {by_chance%}。",
  ],
  "mode-collapse": [
    "第 {step} 步，样本覆盖 {modes_known} 个模式中的 {modes_found} 个；第 {best_step} 步时曾覆盖 {best_modes_found} 个。",
    "第 {step} 步，样本覆盖 {modes_known} 个模式中的 {modes_found} 个，其中位数从未超过 {best_modes_found} 个。",
    "第 {step} 步，样本的多样性为真实数据的 {diversity%}；第 {best_step} 步时曾为 {best_diversity%}。",
    "第 {step} 步，样本的多样性为真实数据的 {diversity%}，从未超过 {best_diversity%}。",
  ],
  oscillation: ["生成器的一项损失以约 {period_steps} 步为周期振荡：相隔一个周期的自相关为 {correlation}。"],
  "saturated-discriminator": [
    "至少自第 {since_step} 步起，在 {separation%} 的样本对中，判别器给真实样本的输出高于生成样本，" +
      "而且生成器的梯度已经消失：范数从 {best_gradient_norm} 降到 {gradient_norm}。",
    "至少自第 {since_step} 步起，在 {separation%} 的样本对中，判别器给真实样本的输出高于生成样本，" +
      "而且十分确定：它把生成样本判为真的概率为 {probability_fake}。",
  ],
  "still-learning": ["训练在第 {step} 步结束时，样本覆盖的数据仍在增加：从 {before} 到 {now}。"],
};
