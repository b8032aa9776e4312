package main

// Run is the whole program.
var Run = run

// Identify tells a licence.
var Identify = identify

// ErrUnknownLicence: a licence that may not be used.
var ErrUnknownLicence = errUnknownLicence
