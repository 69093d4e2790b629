#include "sim/studies/results_store.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <ostream>
#include <set>
#include <string_view>

#include "core/fingerprint.hpp"

namespace faultline {
namespace {

constexpr const char* schema_version = "1";
constexpr int application_id = 0x464c544c;  // "FLTL", shown by file(1)
constexpr int busy_wait_ms = 5000;
constexpr char separator = '\x1f';

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Handle = std::unique_ptr<sqlite3_stmt, Finalize>;

// A prepared statement. Text bound to it must live until the statement is reset.
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* db, const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    code_ = sqlite3_prepare_v2(db, sql.c_str(), static_cast<int>(sql.size()), &raw, nullptr);
    handle_.reset(raw);
  }
  bool ready() const { return handle_ != nullptr; }
  Statement& bind(std::uint64_t v) {
    sqlite3_bind_int64(handle_.get(), ++bound_, static_cast<sqlite3_int64>(v));
    return *this;
  }
  Statement& bind(double v) {
    sqlite3_bind_double(handle_.get(), ++bound_, v + 0.0);  // SQLite stores NaN as NULL
    return *this;
  }
  Statement& bind(std::string_view v) {
    code_ = sqlite3_bind_text64(handle_.get(), ++bound_, v.data() == nullptr ? "" : v.data(),
                                v.size(), SQLITE_STATIC, SQLITE_UTF8);
    return *this;
  }
  // True while there is a row.
  bool row() {
    if (!handle_) return false;
    code_ = sqlite3_step(handle_.get());
    return code_ == SQLITE_ROW;
  }
  // Runs a statement without rows and makes it ready for the next; false on failure.
  bool run() {
    if (!handle_) return false;
    code_ = sqlite3_step(handle_.get());
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
    bound_ = 0;
    return code_ == SQLITE_DONE || code_ == SQLITE_ROW;
  }
  bool done() const { return code_ == SQLITE_DONE; }
  int columns() const { return sqlite3_column_count(handle_.get()); }
  std::string name(int i) const {
    const char* text = sqlite3_column_name(handle_.get(), i);
    return text == nullptr ? "" : text;
  }
  int type(int i) const { return sqlite3_column_type(handle_.get(), i); }
  std::uint64_t integer(int i) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(handle_.get(), i));
  }
  double real(int i) const {
    return type(i) == SQLITE_NULL ? std::numeric_limits<double>::quiet_NaN()
                                  : sqlite3_column_double(handle_.get(), i);
  }
  std::string text(int i) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), i));
    const int size = sqlite3_column_bytes(handle_.get(), i);
    return data == nullptr ? "" : std::string(data, static_cast<std::size_t>(size));
  }

 private:
  Handle handle_;
  int code_ = SQLITE_OK;
  int bound_ = 0;
};

bool execute(sqlite3* db, const std::string& sql) {
  return sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

// SQL for an identifier, whatever is in it.
std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += name + separator;
  return out;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t to = std::min(text.find(separator, from), text.size());
    out.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return out;
}

// The path as SQLite must see it: never a URI, never its names for databases without a file.
std::optional<std::string> plain_path(const std::string& path, std::string& error) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    error =
        path.empty() ? "a results file needs a name" : "the results file's name has a NUL in it";
    return std::nullopt;
  }
  return path.front() == ':' || path.starts_with("file:") ? "./" + path : path;
}

std::string reason(sqlite3* db) {
  if (db == nullptr) return "out of memory";
  switch (sqlite3_errcode(db)) {
    case SQLITE_NOTADB:
      return "it is not a results file";
    case SQLITE_FULL:
      return "the disk is full";
    case SQLITE_BUSY:
      return "another program is writing it";
    case SQLITE_CANTOPEN:
      return "no such file, or no permission to open it";
    case SQLITE_READONLY:
      return "no permission to write it or its folder";
    case SQLITE_CORRUPT:
      return "the file is damaged";
    default:
      return sqlite3_errmsg(db);
  }
}

Database open_database(const std::string& path, int flags, std::string& error) {
  const auto plain = plain_path(path, error);
  if (!plain) return nullptr;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(plain->c_str(), &raw, flags, nullptr);
  Database db(raw);
  if (code != SQLITE_OK) {
    error = "cannot open '" + path + "': " + reason(db.get());
    return nullptr;
  }
  sqlite3_busy_timeout(db.get(), busy_wait_ms);
  return db;
}

std::string column_names_error(const std::vector<std::string>& names, const std::string& table) {
  std::set<std::string> seen = {"id", "status", "stop", "node"};
  for (const auto& name : names) {
    std::string lower = name;
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (name.empty() || name.find(separator) != std::string::npos ||
        name.find('\0') != std::string::npos)
      return "a column of " + table + " has an improper name";
    if (!seen.insert(lower).second)
      return "column '" + name + "' of " + table + " is reserved or stated twice";
  }
  if (names.size() > 1900) return table + " has more than 1900 columns";
  return "";
}

std::string layout_error(const ResultsLayout& layout) {
  std::string error = column_names_error(layout.metrics, "scenarios");
  if (error.empty()) error = column_names_error(layout.inputs, "inputs");
  if (error.empty()) error = column_names_error(layout.node_metrics, "nodes");
  return error;
}

std::string real_columns(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += ", " + quoted(name) + " REAL";
  return out;
}

ResultsMeta full_meta(ResultsMeta meta, const ResultsLayout& layout, std::uint64_t first_id) {
  meta["store.schema"] = schema_version;
  meta["store.first_id"] = std::to_string(first_id);
  meta["store.metrics"] = joined(layout.metrics);
  meta["store.inputs"] = joined(layout.inputs);
  meta["store.node_metrics"] = joined(layout.node_metrics);
  return meta;
}

bool create_tables(sqlite3* db, const ResultsLayout& layout, const ResultsMeta& meta) {
  const bool made =
      execute(db, "PRAGMA application_id = " + std::to_string(application_id)) &&
      execute(db, "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID") &&
      execute(db, "CREATE TABLE run_info(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID") &&
      execute(db, "CREATE TABLE scenarios(id INTEGER PRIMARY KEY, status TEXT, stop TEXT" +
                      real_columns(layout.metrics) + ")") &&
      execute(db,
              "CREATE TABLE inputs(id INTEGER PRIMARY KEY" + real_columns(layout.inputs) + ")") &&
      execute(db, "CREATE TABLE nodes(id INTEGER, node TEXT" + real_columns(layout.node_metrics) +
                      ", PRIMARY KEY(id, node)) WITHOUT ROWID");
  if (!made) return false;
  Statement insert(db, "INSERT INTO meta VALUES(?, ?)");
  for (const auto& [key, value] : meta)
    if (!insert.bind(std::string_view(key)).bind(std::string_view(value)).run()) return false;
  return true;
}

std::map<std::string, std::string> read_pairs(sqlite3* db, const std::string& table) {
  std::map<std::string, std::string> out;
  Statement select(db, "SELECT key, value FROM " + table);
  while (select.row()) out[select.text(0)] = select.text(1);
  return out;
}

// Empty if the database is a results file this program can read.
std::string foreign_error(sqlite3* db, const std::string& path) {
  Statement id(db, "PRAGMA application_id");
  if (!id.row()) return "cannot read '" + path + "': " + reason(db);
  if (id.integer(0) != static_cast<std::uint64_t>(application_id))
    return "'" + path + "' is not a results file";
  const auto meta = read_pairs(db, "meta");
  const auto schema = meta.find("store.schema");
  if (schema == meta.end()) return "'" + path + "' is not a results file";
  if (schema->second != schema_version)
    return "'" + path + "' has schema " + schema->second + ", this program reads " + schema_version;
  return "";
}

std::string store_word(const std::string& key) {
  static const std::map<std::string, std::string> words = {
      {"store.metrics", "the list of metrics"},
      {"store.inputs", "the list of inputs"},
      {"store.node_metrics", "the list of node metrics"}};
  const auto at = words.find(key);
  return at == words.end() ? key : at->second;
}

// Every way in which what is asked now differs from what the file holds.
std::string differences(const ResultsMeta& held, const ResultsMeta& asked) {
  std::string out;
  const auto say = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  for (const auto& [key, value] : held) {
    const auto now = asked.find(key);
    if (now == asked.end()) {
      say(key + " is gone");
    } else if (now->second != value) {
      const bool brief = !key.starts_with("file ") && !key.starts_with("store.") &&
                         value.size() <= 40 && now->second.size() <= 40 &&
                         value.find('\n') == std::string::npos;
      say(brief ? key + " differs: the results have " + value + ", now " + now->second
                : store_word(key) + " changed");
    }
  }
  for (const auto& [key, value] : asked)
    if (!held.contains(key)) say(key + " is new");
  return out;
}

std::string insert_sql(const std::string& table, std::size_t columns) {
  std::string sql = "INSERT INTO " + table + " VALUES(?";
  for (std::size_t i = 1; i < columns; ++i) sql += ",?";
  return sql + ")";
}

constexpr const char* last_id_sql = "SELECT max(id) FROM scenarios";

}  // namespace

// ---- writer ----------------------------------------------------------------------------------

struct ResultsWriter::State {
  Database db;
  std::string path, error;
  ResultsLayout layout;
  ResultsBatching batching;
  std::uint64_t next = 0, committed = 0;
  std::chrono::steady_clock::time_point batch_start = std::chrono::steady_clock::now();
  Statement scenario, input, node, info;  // after db: finalised before it closes

  bool fail(const std::string& what) {
    error = "cannot write '" + path + "': " + what + "; scenarios below " +
            std::to_string(committed) + " are safe, resume goes on there";
    if (sqlite3_get_autocommit(db.get()) == 0) execute(db.get(), "ROLLBACK");
    return false;
  }
  bool fail() { return fail(reason(db.get())); }

  // Takes the write lock and keeps it: readers still read, a second writer is refused.
  bool begin() {
    if (!execute(db.get(), "BEGIN IMMEDIATE")) return fail();
    Statement last(db.get(), last_id_sql);
    if (!last.row()) return fail();
    const bool none = last.type(0) == SQLITE_NULL;
    if (none ? committed != first : last.integer(0) + 1 != committed)
      return fail("another program has written it meanwhile");
    batch_start = std::chrono::steady_clock::now();
    return true;
  }
  bool prepare() {
    scenario = Statement(db.get(), insert_sql("scenarios", 3 + layout.metrics.size()));
    input = Statement(db.get(), insert_sql("inputs", 1 + layout.inputs.size()));
    node = Statement(db.get(), insert_sql("nodes", 2 + layout.node_metrics.size()));
    info = Statement(db.get(), "INSERT OR REPLACE INTO run_info VALUES(?, ?)");
    return (scenario.ready() && input.ready() && node.ready() && info.ready()) || fail();
  }
  // `patient`: a reader that holds us up is an error; else the batch just grows.
  bool commit(bool patient) {
    if (!error.empty()) return false;
    if (sqlite3_get_autocommit(db.get()) == 0 && !execute(db.get(), "COMMIT")) {
      const bool held_up = sqlite3_errcode(db.get()) == SQLITE_BUSY;
      if (held_up && sqlite3_get_autocommit(db.get()) == 0 && !patient) {
        batch_start = std::chrono::steady_clock::now();
        return true;
      }
      return held_up ? fail("another program has been reading it for too long") : fail();
    }
    committed = next;
    return begin();
  }
  bool insert(const ScenarioResult& row) {
    scenario.bind(row.id).bind(std::string_view(row.status)).bind(std::string_view(row.stop));
    for (const double v : row.metrics) scenario.bind(v);
    if (!scenario.run()) return fail();
    input.bind(row.id);
    for (const double v : row.inputs) input.bind(v);
    if (!input.run()) return fail();
    for (const auto& n : row.nodes) {
      node.bind(row.id).bind(std::string_view(n.node));
      for (const double v : n.values) node.bind(v);
      if (!node.run()) return fail();
    }
    return true;
  }

  std::uint64_t first = 0;
};

ResultsWriter::ResultsWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

ResultsWriter::~ResultsWriter() {
  // No new transaction after the last one: the file is left without a lock.
  if (state_->error.empty() && sqlite3_get_autocommit(state_->db.get()) == 0)
    execute(state_->db.get(), "COMMIT");
}

std::unique_ptr<ResultsWriter> ResultsWriter::create(const std::string& path,
                                                     const ResultsLayout& layout,
                                                     const ResultsMeta& meta,
                                                     std::uint64_t first_id,
                                                     ResultsBatching batching, std::string& error) {
  error = layout_error(layout);
  for (const auto& [key, value] : meta)
    if (key.starts_with("store.")) error = "meta key '" + key + "' is reserved";
  if (!error.empty()) return nullptr;
  auto state = std::make_unique<State>();
  state->path = path;
  state->layout = layout;
  state->batching = batching;
  state->next = state->committed = state->first = first_id;
  state->db = open_database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
  if (!state->db) return nullptr;
  sqlite3* db = state->db.get();
  const auto refuse = [&](const std::string& why) {
    error = "cannot create '" + path + "': " + why;
    return nullptr;
  };
  if (sqlite3_db_readonly(db, "main") == 1) return refuse("no permission to write it");
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return refuse("it is not a regular file");
  // Under the lock, so that of two creators one finds the other's tables.
  if (!execute(db, "PRAGMA synchronous = FULL") || !execute(db, "BEGIN IMMEDIATE"))
    return refuse(reason(db));
  {
    Statement tables(db, "SELECT count(*) FROM sqlite_master");
    if (!tables.row()) return refuse(reason(db));
    if (tables.integer(0) != 0) return refuse("it exists; resume it or choose another name");
  }
  // Committed with the first batch: a sweep of one batch syncs once.
  if (!create_tables(db, layout, full_meta(meta, layout, first_id))) return refuse(reason(db));
  if (!state->prepare()) {
    error = state->error;
    return nullptr;
  }
  return std::unique_ptr<ResultsWriter>(new ResultsWriter(std::move(state)));
}

std::unique_ptr<ResultsWriter> ResultsWriter::open_for_resume(const std::string& path,
                                                              const ResultsLayout& layout,
                                                              const ResultsMeta& meta,
                                                              ResultsBatching batching,
                                                              std::string& error) {
  error.clear();
  auto state = std::make_unique<State>();
  state->path = path;
  state->layout = layout;
  state->batching = batching;
  state->db = open_database(path, SQLITE_OPEN_READWRITE, error);
  if (!state->db) return nullptr;
  sqlite3* db = state->db.get();
  if (error = foreign_error(db, path); !error.empty()) return nullptr;
  const auto refuse = [&](const std::string& why) {
    error = "cannot resume '" + path + "': " + why;
    return nullptr;
  };
  if (sqlite3_db_readonly(db, "main") == 1) return refuse("no permission to write it");
  const ResultsMeta held = read_pairs(db, "meta");
  const std::string& first = held.at("store.first_id");
  std::from_chars(first.data(), first.data() + first.size(), state->first);
  const std::string changed = differences(held, full_meta(meta, layout, state->first));
  if (!changed.empty()) return refuse(changed);
  if (!execute(db, "PRAGMA synchronous = FULL")) return refuse(reason(db));
  {
    Statement last(db, last_id_sql);
    if (!last.row()) return refuse(reason(db));
    state->committed = last.type(0) == SQLITE_NULL ? state->first : last.integer(0) + 1;
    state->next = state->committed;
  }
  if (!state->begin() || !state->prepare()) {
    error = state->error;
    return nullptr;
  }
  return std::unique_ptr<ResultsWriter>(new ResultsWriter(std::move(state)));
}

std::uint64_t ResultsWriter::next_id() const {
  return state_->next;
}
std::uint64_t ResultsWriter::committed_id() const {
  return state_->committed;
}
const std::string& ResultsWriter::error() const {
  return state_->error;
}

bool ResultsWriter::append(const ScenarioResult& row) {
  State& s = *state_;
  if (!s.error.empty()) return false;
  bool fits = row.id == s.next && row.metrics.size() == s.layout.metrics.size() &&
              row.inputs.size() == s.layout.inputs.size();
  for (const auto& n : row.nodes) fits = fits && n.values.size() == s.layout.node_metrics.size();
  // What was appended before a misfit is whole: keep it.
  if (!fits) {
    const std::string what = "scenario " + std::to_string(row.id) + " does not fit: expected id " +
                             std::to_string(s.next) + " and one value per column";
    return s.commit(true) && s.fail(what);
  }
  if (!s.insert(row)) return false;
  ++s.next;
  const std::chrono::duration<double> age = std::chrono::steady_clock::now() - s.batch_start;
  const bool due =
      s.next - s.committed >= s.batching.scenarios || age.count() >= s.batching.seconds;
  return due ? s.commit(false) : true;
}

bool ResultsWriter::set_run_info(const std::string& key, const std::string& value) {
  if (!state_->error.empty()) return false;
  const bool set = state_->info.bind(std::string_view(key)).bind(std::string_view(value)).run();
  return set || state_->fail();
}

bool ResultsWriter::commit() {
  return state_->commit(true);
}

// ---- reader ----------------------------------------------------------------------------------

struct ResultsReader::State {
  Database db;
  std::string path, error;
  ResultsLayout layout;

  bool fail() {
    error = "cannot read '" + path + "': " + reason(db.get());
    return false;
  }
  static bool names(const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  }
  std::vector<double> column(Statement select) {
    std::vector<double> out;
    while (select.row()) out.push_back(select.real(0));
    if (!select.done()) fail();
    return out;
  }
};

ResultsReader::ResultsReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ResultsReader::~ResultsReader() = default;

std::unique_ptr<ResultsReader> ResultsReader::open(const std::string& path, std::string& error) {
  error.clear();
  auto state = std::make_unique<State>();
  state->path = path;
  // For writing where we may: only so can SQLite undo a batch cut off by a kill.
  state->db = open_database(path, SQLITE_OPEN_READWRITE, error);
  if (!state->db) {
    error.clear();
    state->db = open_database(path, SQLITE_OPEN_READONLY, error);
  }
  if (!state->db) return nullptr;
  if (error = foreign_error(state->db.get(), path); !error.empty()) return nullptr;
  execute(state->db.get(), "PRAGMA query_only = 1");
  const auto meta = read_pairs(state->db.get(), "meta");
  const auto list = [&](const char* key) {
    const auto at = meta.find(key);
    return at == meta.end() ? std::vector<std::string>{} : split(at->second);
  };
  state->layout = {list("store.metrics"), list("store.inputs"), list("store.node_metrics")};
  return std::unique_ptr<ResultsReader>(new ResultsReader(std::move(state)));
}

const ResultsLayout& ResultsReader::layout() const {
  return state_->layout;
}
const std::string& ResultsReader::error() const {
  return state_->error;
}

ResultsMeta ResultsReader::meta() {
  ResultsMeta all = read_pairs(state_->db.get(), "meta");
  std::erase_if(all, [](const auto& pair) { return pair.first.starts_with("store."); });
  return all;
}

std::map<std::string, std::string> ResultsReader::run_info() {
  return read_pairs(state_->db.get(), "run_info");
}

std::vector<std::uint64_t> ResultsReader::ids(const std::string& status) {
  std::vector<std::uint64_t> out;
  Statement select(state_->db.get(),
                   "SELECT id FROM scenarios WHERE ?1 = '' OR status = ?1 ORDER BY id");
  if (select.ready()) select.bind(std::string_view(status));
  while (select.row()) out.push_back(select.integer(0));
  if (!select.done()) state_->fail();
  return out;
}

std::vector<double> ResultsReader::metric(const std::string& name, const std::string& status) {
  if (!State::names(state_->layout.metrics, name)) return {};
  Statement select(
      state_->db.get(),
      "SELECT " + quoted(name) + " FROM scenarios WHERE ?1 = '' OR status = ?1 ORDER BY id");
  if (select.ready()) select.bind(std::string_view(status));
  return state_->column(std::move(select));
}

std::vector<double> ResultsReader::input(const std::string& name, const std::string& status) {
  if (!State::names(state_->layout.inputs, name)) return {};
  Statement select(state_->db.get(), "SELECT i." + quoted(name) +
                                         " FROM scenarios s LEFT JOIN inputs i ON i.id = s.id"
                                         " WHERE ?1 = '' OR s.status = ?1 ORDER BY s.id");
  if (select.ready()) select.bind(std::string_view(status));
  return state_->column(std::move(select));
}

std::vector<double> ResultsReader::node_metric(const std::string& node, const std::string& name,
                                               const std::string& status) {
  if (!State::names(state_->layout.node_metrics, name)) return {};
  Statement select(state_->db.get(),
                   "SELECT n." + quoted(name) +
                       " FROM scenarios s LEFT JOIN nodes n ON n.id = s.id AND n.node = ?2"
                       " WHERE ?1 = '' OR s.status = ?1 ORDER BY s.id");
  if (select.ready()) select.bind(std::string_view(status)).bind(std::string_view(node));
  return state_->column(std::move(select));
}

std::vector<std::string> ResultsReader::nodes() {
  std::vector<std::string> out;
  Statement select(state_->db.get(), "SELECT DISTINCT node FROM nodes ORDER BY node");
  while (select.row()) out.push_back(select.text(0));
  if (!select.done()) state_->fail();
  return out;
}

std::optional<ScenarioResult> ResultsReader::scenario(std::uint64_t id) {
  sqlite3* db = state_->db.get();
  ScenarioResult out;
  out.id = id;
  Statement head(db, "SELECT * FROM scenarios WHERE id = ?");
  if (head.ready()) head.bind(id);
  if (!head.row()) {
    if (!head.done()) state_->fail();
    return std::nullopt;
  }
  out.status = head.text(1);
  out.stop = head.text(2);
  for (int i = 3; i < head.columns(); ++i) out.metrics.push_back(head.real(i));
  Statement input(db, "SELECT * FROM inputs WHERE id = ?");
  if (input.ready()) input.bind(id);
  if (input.row())
    for (int i = 1; i < input.columns(); ++i) out.inputs.push_back(input.real(i));
  Statement node(db, "SELECT * FROM nodes WHERE id = ? ORDER BY node");
  if (node.ready()) node.bind(id);
  while (node.row()) {
    NodeResult& n = out.nodes.emplace_back();
    n.node = node.text(1);
    for (int i = 2; i < node.columns(); ++i) n.values.push_back(node.real(i));
  }
  return out;
}

namespace {

struct Table {
  const char* name;
  const char* key;
};
constexpr std::array<Table, 5> tables = {{{"meta", "key"},
                                          {"scenarios", "id"},
                                          {"inputs", "id"},
                                          {"nodes", "id, node"},
                                          {"run_info", "key"}}};

Statement select_all(sqlite3* db, const Table& table) {
  return Statement(db, std::string("SELECT * FROM ") + table.name + " ORDER BY " + table.key);
}

void add_cell(Fingerprint& hash, const Statement& row, int i) {
  const int type = row.type(i);
  hash.add(static_cast<std::uint64_t>(type));
  if (type == SQLITE_INTEGER) hash.add(row.integer(i));
  if (type == SQLITE_FLOAT) hash.add(row.real(i));
  if (type == SQLITE_TEXT) hash.add(std::string_view(row.text(i)));
}

std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv_cell(const Statement& row, int i) {
  if (row.type(i) == SQLITE_NULL) return "";
  if (row.type(i) != SQLITE_FLOAT) return csv_text(row.text(i));
  char buffer[32];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, row.real(i)).ptr);
}

}  // namespace

std::string ResultsReader::fingerprint() {
  sqlite3* db = state_->db.get();
  // One transaction: all tables as of one batch.
  if (!execute(db, "BEGIN")) return state_->fail(), "";
  Fingerprint hash;
  bool whole = true;
  for (const Table& table : tables) {
    if (std::string_view(table.name) == "run_info") continue;
    hash.add(std::string_view(table.name));
    Statement select = select_all(db, table);
    for (int i = 0; select.ready() && i < select.columns(); ++i)
      hash.add(std::string_view(select.name(i)));
    while (select.row())
      for (int i = 0; i < select.columns(); ++i) add_cell(hash, select, i);
    whole = whole && select.done();
    if (!whole) state_->fail();
  }
  execute(db, "COMMIT");
  return whole ? hash.text() : "";
}

bool ResultsReader::export_csv(const std::string& table, std::ostream& out) {
  const auto* known =
      std::find_if(tables.begin(), tables.end(), [&](const Table& t) { return t.name == table; });
  if (known == tables.end()) {
    state_->error = "no table '" + table + "': meta, scenarios, inputs, nodes or run_info";
    return false;
  }
  Statement select = select_all(state_->db.get(), *known);
  if (!select.ready()) return state_->fail();
  for (int i = 0; i < select.columns(); ++i) out << (i == 0 ? "" : ",") << csv_text(select.name(i));
  out << "\r\n";
  while (select.row()) {
    for (int i = 0; i < select.columns(); ++i) out << (i == 0 ? "" : ",") << csv_cell(select, i);
    out << "\r\n";
  }
  if (!select.done()) return state_->fail();
  if (!out) state_->error = "cannot write the CSV of " + table;
  return static_cast<bool>(out);
}

}  // namespace faultline
