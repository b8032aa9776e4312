package text

// Portal is what the pages under /mfa/ say.
type Portal struct{}

var englishPortal = Portal{}
