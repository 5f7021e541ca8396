-- How Gov is written, in any Neovim from 0.7.
if vim.b.did_ftplugin then
  return
end
vim.b.did_ftplugin = 1

vim.bo.commentstring = "// %s"
vim.bo.comments = ":///,://"
vim.bo.expandtab = true
vim.bo.shiftwidth = 4
vim.bo.softtabstop = 4
vim.opt_local.formatoptions:remove("t")
vim.opt_local.formatoptions:append("croql")
vim.b.undo_ftplugin = "setlocal commentstring< comments< expandtab< shiftwidth< softtabstop< formatoptions<"

-- With the tree-sitter parser, colours come from it; without, from `syntax/gov.vim`.
if vim.treesitter.start then
  pcall(vim.treesitter.start)
end
