// SPDX-License-Identifier: BSD-2-Clause
/** Lays out pictures of one size beside and below each other, a pixel apart. */
export class Mosaic {
  #rows;
  #columns;
  #beside;

  /**
   * @param {number} count pictures
   * @param {[number, number]} size rows and columns of each
   * @param {number} wide how often all together are as wide as they are high, about
   */
  constructor(count, [rows, columns], wide) {
    const most = Math.min(count, Math.ceil(Math.sqrt((wide * count * rows) / columns)));
    const below = Math.ceil(count / most);
    this.#rows = rows;
    this.#columns = columns;
    this.#beside = Math.ceil(count / below);
    this.count = count;
    this.height = below * (rows + 1) - 1;
    this.width = this.#beside * (columns + 1) - 1;
  }

  /**
   * @param {number} index counted picture by picture, and row by row
   * @returns {[number, number]} column and row of its pixel
   */
  pixelOf(index) {
    const [rows, columns] = [this.#rows, this.#columns];
    const one = Math.floor(index / (rows * columns));
    const row = Math.floor(index / columns) % rows;
    return [
      (one % this.#beside) * (columns + 1) + (index % columns),
      Math.floor(one / this.#beside) * (rows + 1) + row,
    ];
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {number} the index whose pixel is there, -1 outside of the pictures
   */
  indexAt(x, y) {
    const [rows, columns] = [this.#rows, this.#columns];
    const [column, row] = [x % (columns + 1), y % (rows + 1)];
    const one = Math.floor(y / (rows + 1)) * this.#beside + Math.floor(x / (columns + 1));
    const inside = 0 <= x && x < this.width && 0 <= y && y < this.height && one < this.count;
    return inside && column < columns && row < rows ? (one * rows + row) * columns + column : -1;
  }
}
