-- Starts the language server on every Gov file. `let g:gov_lsp = 0` in your configuration leaves that to you.
if vim.g.loaded_gov then
  return
end
vim.g.loaded_gov = 1

if vim.g.gov_lsp == 0 or vim.g.gov_lsp == false then
  return
end

if vim.lsp.enable then
  vim.lsp.enable("gov")
else
  vim.api.nvim_create_autocmd("FileType", {
    group = vim.api.nvim_create_augroup("gov_start", {}),
    pattern = "gov",
    callback = function(event)
      require("gov").start(event.buf)
    end,
  })
end
