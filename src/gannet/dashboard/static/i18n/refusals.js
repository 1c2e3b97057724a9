// Sentences of the server and of training, in Chinese. They come as whole English sentences, because the command line
// prints the same ones; what is not listed here stays English. A test compares the left side with Gannet's sources.
/**
 * An expression for the whole sentence, and its translation, in which {1} is the first part.
 * @type {[string, string][]}
 */
export const refusals = [
  ["Training has ended\\.", "训练已经结束。"],
  [
    "It was sent to an earlier process, which ended before it answered; send it again\\.",
    "命令发给了先前的进程，而该进程未答复就已结束；请重新发送。",
  ],
  ["(.+) already has that value\\.", "{1} 已经是这个值。"],
  ["(.+) needs a training on one process; this one has (\\d+)\\.", "{1} 需要单进程训练，而本次训练有 {2} 个进程。"],
  ["(.+) is not a number of the recipe that can change during training\\.", "{1} 不是配方中可以在训练时修改的数值。"],
  [
    "Slow motion supports only games of a generator and a discriminator on points\\.",
    "慢动作只支持点数据上由生成器和判别器组成的博弈。",
  ],
  ["This run is (.+), so it accepts no commands\\.", "本次运行已不在训练中，不接受命令。"],
  ["This view is read-only: it was opened with --read-only\\.", "此视图为只读：启动时使用了 --read-only。"],
  ["(\\d+) views are open already\\.", "已经打开了 {1} 个视图。"],
  ["(.+) has no frame of step (\\d+)\\.", "{1} 没有第 {2} 步的帧。"],
  ["(.+) has no slow motion of step (\\d+)\\.", "{1} 没有第 {2} 步的慢动作。"],
  ["The run does not exist; it may have been deleted\\.", "该运行不存在，可能已被删除。"],
  ["The run (.+) was deleted\\.", "运行 {1} 已被删除。"],
  ["(.+) already contains a run\\. Give another directory\\.", "{1} 中已有一次运行，请换一个目录。"],
  ["Training could not be started \\(status (-?\\d+)\\)\\.", "训练无法启动（退出状态 {1}）。"],
  ["Another training is being started\\. Try again when it runs\\.", "另一次训练正在启动，请等它运行后再试。"],
  ["There are already (\\d+) runs named (.+): delete some\\.", "名为 {2} 的运行已有 {1} 个，请删除一些。"],
  ["(.+) does not train on points\\.", "{1} 不能在点数据上训练。"],
  ["Too many images are being drawn\\. Try again later\\.", "正在绘制的图像太多，请稍后再试。"],
  ["The process that draws images ended without an answer\\.", "绘制图像的进程未给出结果就已结束。"],
  [
    "There is no checkpoint yet\\. These images appear with the first one\\.",
    "还没有检查点；第一个检查点写入后会显示这些图像。",
  ],
  [
    "This run was made by the recipe file (.+), which the live view does not execute: draw from it with gannet " +
      "sample RUN --recipe FILE\\.",
    "本次运行由配方文件 {1} 生成，实时视图不会执行它：请用 gannet sample RUN --recipe FILE 绘制。",
  ],
  ["The token is missing: open the address that gannet watch printed\\.", "缺少令牌：请打开 gannet watch 打印的地址。"],
  [
    "Checkpoint not written: (.+)\\. Earlier checkpoints are intact; free some disk space\\.",
    "检查点未能写入：{1}。先前的检查点完好；请腾出磁盘空间。",
  ],
  ["Checkpoint not written: (.+)\\.", "检查点未能写入：{1}。"],
  ["Resumed with (.+)\\.", "继续训练时的设置为 {1}。"],
];
