// What the mini-program's host offers, under the names that shop.js knows.
module.exports = {
  settings: () => (wx.getExtConfigSync && wx.getExtConfigSync()) || {},
  language: () => (wx.getAppBaseInfo ? wx.getAppBaseInfo() : wx.getSystemInfoSync()).language || "",
  load: (key) => wx.getStorageSync(key) || "",
  save: (key, value) => wx.setStorageSync(key, value),
  say: (text) => wx.showToast({ title: text, icon: "none" }),
  setTitle: (title) => wx.setNavigationBarTitle({ title }),
  setTabs: (names) => names.forEach((text, index) => wx.setTabBarItem({ index, text, fail: () => {} })),
  showTab: (page) => wx.switchTab({ url: `/pages/${page}/${page}` }),
  send: ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      wx.request({
        method,
        url,
        header: headers,
        data: body === undefined ? undefined : JSON.stringify(body),
        dataType: "json",
        timeout: 15000,
        success: (answer) => resolve({ status: answer.statusCode, body: answer.data }),
        fail: reject,
      });
    }),
};
