// Package text holds every word that people read on our pages, a file for each
// room. Templates hold none: a language is a value of [Language], handed to
// them as a whole, so that a translation is one more value.
package text
