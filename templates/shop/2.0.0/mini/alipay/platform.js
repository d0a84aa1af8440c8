// What the mini-program's host offers, under the names that shop.js knows.
module.exports = {
  settings: () => (my.getExtConfigSync && my.getExtConfigSync()) || {},
  language: () => my.getSystemInfoSync().language || "",
  load: (key) => my.getStorageSync({ key }).data || "",
  save: (key, value) => my.setStorageSync({ key, data: value }),
  say: (text) => my.showToast({ content: text, type: "none" }),
  setTitle: (title) => my.setNavigationBar({ title }),
  setTabs: (names) => names.forEach((text, index) => my.setTabBarItem({ index, text, fail: () => {} })),
  showTab: (page) => my.switchTab({ url: `/pages/${page}/${page}` }),
  send: ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      my.request({
        method,
        url,
        headers,
        data: body === undefined ? undefined : JSON.stringify(body),
        dataType: "json",
        timeout: 15000,
        success: (answer) => resolve({ status: answer.status, body: answer.data }),
        // a status of 400 and above comes here, with its answer
        fail: (answer) => (answer.status ? resolve({ status: answer.status, body: parsed(answer.data) }) : reject(answer)),
      });
    }),
};

function parsed(data) {
  if (typeof data !== "string") return data;
  try {
    return JSON.parse(data);
  } catch (error) {
    return {};
  }
}
