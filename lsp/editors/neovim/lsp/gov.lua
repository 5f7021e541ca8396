-- For `vim.lsp.enable("gov")` of Neovim 0.11 and newer.
local gov = require("gov")

return {
  cmd = gov.command(),
  filetypes = { "gov" },
  root_markers = { "gov.toml", ".git" },
  capabilities = gov.capabilities(),
  handlers = gov.handlers,
  on_attach = gov.on_attach,
}
