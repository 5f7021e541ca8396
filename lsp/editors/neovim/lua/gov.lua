-- The language server of Gov in Neovim: `gov lsp`, one for each package or workspace.
--
-- `vim.g.gov_command` names another program, as a list: `{ "/opt/gov/bin/gov", "lsp" }`.

local M = {}

function M.command()
  return vim.g.gov_command or { "gov", "lsp" }
end

--- Asks for the lenses of a buffer: what is proved of each item, and what is not.
local function show_lenses(buffer)
  local method = "textDocument/codeLens"
  local params = { textDocument = vim.lsp.util.make_text_document_params(buffer) }
  -- `vim.lsp.codelens.refresh` would drop the question while another one is under way, and so the last answer.
  vim.lsp.buf_request(buffer, method, params, vim.lsp.codelens.on_codelens)
end

--- Handlers that Neovim does not have: the server says when a proof has ended.
M.handlers = {
  ["workspace/codeLens/refresh"] = function(_, _, context)
    local client = vim.lsp.get_client_by_id(context.client_id)
    local buffers = client and client.attached_buffers and vim.tbl_keys(client.attached_buffers)
      or vim.lsp.get_buffers_by_client_id(context.client_id)
    for _, buffer in ipairs(buffers) do
      show_lenses(buffer)
    end
    return vim.NIL
  end,
}

function M.capabilities()
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  capabilities.workspace.codeLens = { refreshSupport = true }
  return capabilities
end

--- Keeps the lenses up to date while somebody types.
function M.on_attach(client, buffer)
  if not client.server_capabilities.codeLensProvider then
    return
  end
  local group = vim.api.nvim_create_augroup("gov_lenses", { clear = false })
  vim.api.nvim_clear_autocmds({ group = group, buffer = buffer })
  vim.api.nvim_create_autocmd({ "BufEnter", "InsertLeave", "BufWritePost" }, {
    group = group,
    buffer = buffer,
    callback = function()
      show_lenses(buffer)
    end,
  })
  show_lenses(buffer)
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
      capabilities = M.capabilities(),
      handlers = M.handlers,
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
