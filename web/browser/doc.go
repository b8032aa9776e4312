// Package browser is what all our pages have in common: layout, style and
// script, the headers of a page, and how posted forms are read.
//
// A page is a template between "head" and "foot" with data that embed [Frame].
// The pieces that it may use:
//
//	{{template "facts" .Facts}}        names and values, a [Facts]
//	{{template "problem" .Problem}}    why the last attempt came to nothing, a string
//	{{template "pager" .Pager}}        a [Pager], below a list
//	{{template "empty" .Empty}}        an [Empty], in place of a list
//	{{template "verdict" "good"}}      a large sign above the heading: good, bad, warn or info
//	{{template "copyable" .Code}}      a [Copyable], or (copyable "id" .T.Label .Value)
//
// and the functions of [Functions]. The layout shows Nav and Notice by itself.
// Classes of the style: card (a section of a page with Cards or Wide), grid and
// grid two (cards side by side), stat (a strong figure and what it is),
// page-head (title and buttons in a line), scroll (around each table; give it
// tabindex="0", role="region" and a name), number and actions (cells), filters
// (a form in a row), choices (buttons in a row), check (the label of a check
// box), help (below an input), warning, danger-zone (a card), quiet, note, mono;
// button and a.button: second, danger, danger first, small.
package browser
