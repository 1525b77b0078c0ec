// SPDX-License-Identifier: BSD-2-Clause
/** Ranks pages for users before pages on parts: single blocks, figures, Python modules. */
var Scorer = {
  parts: /^(architecture|figures|python|comparison)(\/|$)|^(design|dependencies|extending|contributing|proven|index)$/,
  score: ([page, , , , score]) => score - (Scorer.parts.test(page) ? 4 : 0),
  // a part of a Python name says little: each name here contains "spi"
  objPrio: { 0: 0, 1: 0, 2: -5 },
  // the values of Sphinx
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
