; Documentation is Markdown.
((comment) @injection.content
  (#match? @injection.content "^///")
  (#set! injection.language "markdown")
  (#set! injection.combined))

((comment) @injection.content
  (#not-match? @injection.content "^///")
  (#set! injection.language "comment"))
