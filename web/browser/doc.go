// Package browser is what all our pages have in common: layout, style and
// script, the headers of a page, and how posted forms are read.
package browser
