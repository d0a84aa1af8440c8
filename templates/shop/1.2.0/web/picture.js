// A picture as it is sent: turned upright, no larger than needed, and without what the camera notes beside it.
const LONGEST = 1600;
const TYPE = "image/jpeg";

export async function prepare(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" })
    // browsers that do not know the option do it anyway
    .catch(() => createImageBitmap(file));
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  // what is see-through becomes white, as on paper
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise((done) => canvas.toBlob(done, TYPE, 0.85));
  if (!blob) throw new Error("the picture cannot be encoded");
  return blob;
}
