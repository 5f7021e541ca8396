-- The language server of Gov in Neovim: `gov lsp`, one for each package or workspace.
--
-- `vim.g.gov_command` names another program, as a list: `{ "/opt/gov/bin/gov", "lsp" }`.

local M = {}

function M.command()
  return vim.g.gov_command or { "gov", "lsp" }
end

--- Keeps the lenses (what is proved, and what is not) up to date.
function M.on_attach(client, buffer)
  local can = client.server_capabilities or client.resolved_capabilities
  if not (can.codeLensProvider or can.code_lens) then
    return
  end
  local group = vim.api.nvim_create_augroup("gov_lenses", { clear = false })
  vim.api.nvim_clear_autocmds({ group = group, buffer = buffer })
  vim.api.nvim_create_autocmd({ "BufEnter", "InsertLeave", "BufWritePost" }, {
    group = group,
    buffer = buffer,
    callback = function()
      vim.lsp.codelens.refresh({ bufnr = buffer })
    end,
  })
  vim.lsp.codelens.refresh({ bufnr = buffer })
end

--- The folder of the outermost `gov.toml` above a file, which may be a workspace's; the file's own folder without one.
local function root_of(path)
  local folder = vim.fn.fnamemodify(path, ":p:h")
  local found = vim.fn.findfile("gov.toml", vim.fn.escape(folder, " ,") .. ";", -1)
  return #found > 0 and vim.fn.fnamemodify(found[#found], ":p:h") or folder
end

-- Neovim before 0.11 is told which client serves which root.
local clients = {}

--- Serves a buffer, by a server that runs already where its root has one. Neovim from 0.11 does this itself.
function M.start(buffer)
  local path = vim.api.nvim_buf_get_name(buffer)
  if path == "" or vim.bo[buffer].buftype ~= "" then
    return
  end
  local command = M.command()
  if vim.fn.executable(command[1]) == 0 then
    local words = "gov: there is no program %s; install it, or name it in g:gov_command"
    vim.notify_once(words:format(command[1]), vim.log.levels.WARN)
    return
  end
  local root = root_of(path)
  if not clients[root] then
    clients[root] = vim.lsp.start_client({
      name = "gov",
      cmd = command,
      root_dir = root,
      workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
      capabilities = vim.lsp.protocol.make_client_capabilities(),
      on_attach = M.on_attach,
      on_exit = function()
        clients[root] = nil
      end,
    })
  end
  if clients[root] then
    vim.lsp.buf_attach_client(buffer, clients[root])
  end
end

return M
