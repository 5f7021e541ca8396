; Documentation is Markdown.
((comment) @injection.content
  (#match? @injection.content "^///")
  (#set! injection.language "markdown")
  (#set! injection.combined)
  (#offset! @injection.content 0 3 0 0))

((comment) @injection.content
  (#not-match? @injection.content "^///")
  (#set! injection.language "comment"))
