// SPDX-License-Identifier: BSD-2-Clause
/** Photos: a file that is chosen (or taken, on a phone), dropped on the pad, or pasted. */
import { element, input } from "./element.js";

const MOST = 2048; // pixels of the longer side that are looked at

/**
 * @param {(picture: ImageData, name: string) => void} taken
 * @param {(name: string) => void} refused is told of a file that is no picture
 */
export function photos(taken, refused) {
  /** @param {File | undefined} file */
  const take = async (file) => {
    if (!file) return;
    try {
      taken(await pictureOf(file), file.name);
    } catch {
      refused(file.name);
    }
  };
  input("photo").addEventListener("change", async () => {
    await take(input("photo").files?.[0]);
    input("photo").value = ""; // so that the same file can be chosen again
  });
  const place = element("drawing");
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    place.classList.add("dropping");
  });
  place.addEventListener("dragleave", () => place.classList.remove("dropping"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("dropping");
    take(event.dataTransfer?.files[0]);
  });
  document.addEventListener("paste", (event) => {
    if (!place.hidden) take(event.clipboardData?.files[0]);
  });
}

/**
 * @param {Blob} file
 * @returns {Promise<ImageData>} the picture, turned as its EXIF says; rejected if it is none
 */
export async function pictureOf(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, MOST / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) =>
    Math.max(1, Math.round(side * scale)),
  );
  const fine = Object.assign(document.createElement("canvas"), { width, height });
  const pen = /** @type {CanvasRenderingContext2D} */ (fine.getContext("2d"));
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return pen.getImageData(0, 0, width, height);
}
