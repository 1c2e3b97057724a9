export function drawingDialog(open) { open; }
